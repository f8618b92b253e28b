package merge_test

import (
	"fmt"
	"strings"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// merged plans "m 0 3, 1 2, 2 4" of a model of 4 layers with the given
// config.json: the order of layers is 0 1 2 1 2 3.
func merged(t *testing.T, config string) (string, *merge.Plan) {
	t.Helper()
	m := tiny{}.build(t)
	m["config.json"] = []byte(config)
	open := models(map[string]memory{"m": m})
	p := mustPlan(t, recipeOf("dtype: float16\n", "m 0 3", "m 1 2", "m 2 4"), open, merge.Options{})
	return string(readAll(t, p, "config.json", open)), p
}

// TestConfigEdits changes what the depth changes and keeps everything else as
// it is written: order, white space, spelling of numbers, unknown keys.
func TestConfigEdits(t *testing.T) {
	before := "\ufeff{\n\t\"zeta\":1e-05 ,\"architectures\": [\"A\",\"B\",\"C\",\"D\"],\n" +
		"  \"layer_types\": [\n    \"full\",\n    \"slide\",\n    \"full\",\n    \"last\"\n  ],\n" +
		"  \"no_rope_layers\": [1, 0,1,0], \"eos_token_id\": [1,2,3,4],\n" +
		"  \"num_hidden_layers\" :4,\"limits\":[0.0, Infinity], \"bad\": NaN, \"x\": \"Infinity\\\"NaN\",\n" +
		"  \"block_configs\": [{\"a\":0},{\"a\":1},{\"a\":2},{\"a\":3}],\n" +
		"  \"rope_scaling\": {\"long_factor\": [1,2,3,4], \"per_layer\": [9,8,7,6]},\n" +
		"  \"cross_attention_layers\": [1, 3], \"mlp_only_layers\": [],\n" +
		"  \"torch_dtype\": \"bfloat16\", \"n_layer\": 4, \"last\": \"é\\u00e9\"\n}\n\n"
	want := strings.NewReplacer(
		"\ufeff", "",
		"\"num_hidden_layers\" :4", "\"num_hidden_layers\" :6", "\"n_layer\": 4", "\"n_layer\": 6", "\"bfloat16\"", "\"float16\"",
		"\"full\",\n    \"slide\",\n    \"full\",\n    \"last\"\n", "\"full\",\n    \"slide\",\n    \"full\",\n    \"slide\",\n    \"full\",\n    \"last\"\n",
		"[1, 0,1,0]", "[1, 0, 1, 0, 1, 0]",
		"{\"a\":0},{\"a\":1},{\"a\":2},{\"a\":3}", "{\"a\":0},{\"a\":1},{\"a\":2},{\"a\":1},{\"a\":2},{\"a\":3}",
		"[9,8,7,6]", "[9,8,7,8,7,6]", "[1, 3]", "[1, 3, 5]",
	).Replace(before)
	got, p := merged(t, before)
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if len(p.Warnings) > 0 {
		t.Errorf("warnings: %s", warnings(p))
	}
}

// TestConfigNested edits the section that the layers belong to and leaves the
// vision tower's alone, though it is as deep.
func TestConfigNested(t *testing.T) {
	got, _ := merged(t, `{"text_config": {"num_hidden_layers": 4, "layer_types": ["a","b","c","d"], "dtype": "bfloat16"},`+
		` "vision_config": {"num_hidden_layers": 4, "kinds": [1,2,3,4]}}`)
	want := `{"text_config": {"num_hidden_layers": 6, "layer_types": ["a","b","c","b","c","d"], "dtype": "float16"},` +
		` "vision_config": {"num_hidden_layers": 4, "kinds": [1,2,3,4]}}`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestConfigWarnings passes on what config.Rewrite remarks; its own tests hold
// the rules.
func TestConfigWarnings(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`"decoder_sparse_step": 3`, "config.json: decoder_sparse_step is 3, a rule by layer number; it makes layers 4, 5 of the result another kind"},
		{`"sliding_window_pattern": 2`, ""}, // odd layers stay odd
		{`"quantization_config": {"ignore": ["lm_head", "model.layers.3.mlp"]}`, ""},
		{`"num_kv_layers_of_a_new_kind": 3`, "config.json: num_kv_layers_of_a_new_kind is 3; whether that still fits 6 layers instead of 4"},
	} {
		_, p := merged(t, `{"num_hidden_layers": 4, `+c.config+`}`)
		got := warnings(p)
		if !strings.Contains(got, c.want) || (c.want == "" && got != "") {
			t.Errorf("%s: got %q, want %q", c.config, got, c.want)
		}
	}
}

// TestConfigOfOtherModels gives a layer of another model what that model's
// config says about it.
func TestConfigOfOtherModels(t *testing.T) {
	list := map[string]memory{
		"a": tiny{config: map[string]any{"layer_types": []string{"a0", "a1", "a2", "a3"}, "mlp_only_layers": []int{0}}}.build(t),
		"b": tiny{layers: 6, config: map[string]any{"layer_types": []string{"b0", "b1", "b2", "b3", "b4", "b5"}, "mlp_only_layers": []int{5}}}.build(t),
		"c": tiny{}.build(t),
	}
	p := mustPlan(t, recipeOf("", "a 0 2", "b 4 6", "a 0 1"), models(list), merge.Options{})
	config := strings.Join(strings.Fields(string(readAll(t, p, "config.json", models(list)))), "")
	for _, want := range []string{`"layer_types":["a0","a1","b4","b5","a0"]`, `"mlp_only_layers":[0,3,4]`, `"num_hidden_layers":5`} {
		if !strings.Contains(config, want) {
			t.Errorf("no %s in %s", want, config)
		}
	}
	_, err := planText(t, recipeOf("", "a 0 2", "c 1 3"), models(list), merge.Options{})
	if want := `"c" has no layer_types for its layers`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestStacks finds the layers in names as checkpoints have them.
func TestStacks(t *testing.T) {
	tensors := func(format string, layers ...int) (list []string) {
		for _, l := range layers {
			list = append(list, fmt.Sprintf(format, l))
		}
		return list
	}
	for _, c := range []struct {
		name, config, pick, want string
		layers                   int
		names                    []string
	}{
		{name: "no prefix", config: `"n_layer": 3`, want: "h", layers: 3, names: append(tensors("h.%d.ln_1.weight", 0, 1, 2), "wte.weight")},
		{name: "prefix", config: `"n_layer": 3`, want: "transformer.h", layers: 3, names: tensors("transformer.h.%d.attn.c_proj.weight", 0, 1, 2)},
		{name: "experts", config: `"num_layers": 2`, want: "m.layers", layers: 2, names: append(tensors("m.layers.0.mlp.experts.%d.w1", 0, 1, 2), tensors("m.layers.1.mlp.experts.%d.w1", 0, 1, 2)...)},
		{name: "projector with gaps", config: `"num_hidden_layers": 2`, want: "m.layers", layers: 2, names: append(tensors("m.layers.%d.w", 0, 1), tensors("projector.%d.w", 0, 2)...)},
		{name: "draft head", config: `"num_hidden_layers": 2`, want: "m.layers", layers: 2, names: tensors("m.layers.%d.w", 0, 1, 2)},
		{name: "tower", config: `"text_config": {"num_hidden_layers": 2}, "vision_config": {"depth": 2}`, want: "m.layers", layers: 2, names: append(tensors("m.layers.%d.w", 0, 1), tensors("visual.blocks.%d.w", 0, 1)...)},
		{
			name: "pick the tower", config: `"text_config": {"num_hidden_layers": 2}, "vision_config": {"depth": 3}`, pick: "visual.blocks", want: "visual.blocks", layers: 3,
			names: append(tensors("m.layers.%d.w", 0, 1), tensors("visual.blocks.%d.w", 0, 1, 2)...),
		},
		{
			name: "decoder", config: `"encoder_layers": 2, "decoder_layers": 3`, pick: "m.decoder.layers", want: "m.decoder.layers", layers: 3,
			names: append(tensors("m.encoder.layers.%d.w", 0, 1), tensors("m.decoder.layers.%d.w", 0, 1, 2)...),
		},
		{
			name: "T5 encoder", config: `"num_layers": 2, "num_decoder_layers": 2`, pick: "encoder.block", want: "encoder.block", layers: 2,
			names: append(tensors("encoder.block.%d.w", 0, 1), tensors("decoder.block.%d.w", 0, 1)...),
		},
		{name: "encoder and decoder", config: `"num_layers": 2, "num_decoder_layers": 2`, names: append(tensors("encoder.block.%d.w", 0, 1), tensors("decoder.block.%d.w", 0, 1)...)},
		{name: "a gap", config: `"num_layers": 3`, names: tensors("m.layers.%d.w", 0, 2)},
	} {
		var list []safetensors.Tensor
		for _, n := range c.names {
			list = append(list, safetensors.Tensor{Name: n, DType: safetensors.U8, Shape: []int64{1}})
		}
		m := memory{"config.json": []byte("{" + c.config + "}")}
		tiny{}.weights(t, m, list)
		p, err := planText(t, recipeOf("", "m 0 1"), models(map[string]memory{"m": m}), merge.Options{LayerStack: c.pick})
		if c.want == "" {
			if err == nil {
				t.Errorf("%s: found %q", c.name, p.Stack)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if p.Stack != c.want || p.Models[0].Layers != c.layers {
			t.Errorf("%s: found %q with %d layers, want %q with %d", c.name, p.Stack, p.Models[0].Layers, c.want, c.layers)
		}
	}
}
