package merge_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// TestTensorsForEachLayer refuses what lies outside the layers and has a part
// for each of them.
func TestTensorsForEachLayer(t *testing.T) {
	tensor := func(name string, shape ...int64) safetensors.Tensor {
		return safetensors.Tensor{Name: name, DType: safetensors.BF16, Shape: shape}
	}
	gates := func(prefix string) (list []safetensors.Tensor) {
		for _, l := range []string{"0", "1", "2", "3"} {
			list = append(list, tensor(prefix+"."+l+".w", 8))
		}
		return list
	}
	for name, c := range map[string]struct {
		more []safetensors.Tensor
		want string
	}{
		"embeddings":     {[]safetensors.Tensor{tensor("model.embed_tokens_per_layer.weight", 16, 8)}, "model.embed_tokens_per_layer.weight [16 8] has a part for each of the 4 layers"},
		"layer weights":  {[]safetensors.Tensor{tensor("layer_weights", 5)}, "layer_weights [5] has a part"},
		"parallel stack": {gates("model.gates"), `"model.gates" has a part for each of the 4 layers`},
		"tower":          {gates("visual.blocks"), ""},
		"other depth":    {gates("model.gates")[:3], ""},
	} {
		open := models(map[string]memory{"m": tiny{more: c.more}.build(t)})
		_, err := planText(t, recipeOf("", "m 0 3", "m 1 4"), open, merge.Options{LayerStack: "model.layers"})
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if _, err := planText(t, recipeOf("", "m 0 4"), open, merge.Options{LayerStack: "model.layers"}); err != nil {
			t.Errorf("%s, nothing moved: %v", name, err)
		}
	}
	// A vector that only may be one for each layer.
	open := models(map[string]memory{"m": tiny{more: []safetensors.Tensor{tensor("model.strengths", 4)}}.build(t)})
	if p := mustPlan(t, recipeOf("", "m 0 3", "m 1 4"), open, merge.Options{}); !strings.Contains(warnings(p), "model.strengths has as many rows") {
		t.Errorf("got %q", warnings(p))
	}
}

// TestOutsideOfTwoModels takes what works after the layers from the last
// slice's model, and says what it does not know.
func TestOutsideOfTwoModels(t *testing.T) {
	more := []safetensors.Tensor{
		{Name: "model.embedding_norm.weight", DType: safetensors.BF16, Shape: []int64{8}},
		{Name: "model.conv_stem.weight", DType: safetensors.BF16, Shape: []int64{8, 8}},
	}
	list := map[string]memory{"a": tiny{seed: "a", more: more}.build(t), "b": tiny{seed: "b", more: more}.build(t)}
	p := mustPlan(t, recipeOf("", "a 0 2", "b 2 4"), models(list), merge.Options{})
	if want := `model.conv_stem comes from "a", the first slice's model`; !strings.Contains(warnings(p), want) {
		t.Errorf("got %q, want %q", warnings(p), want)
	}
	of := func(model string) map[string]tensor {
		return tensorsOf(t, mustPlan(t, recipeOf("", model+" 0 4"), models(list), merge.Options{}), models(list))
	}
	got := tensorsOf(t, p, models(list))
	for name, model := range map[string]string{"model.embedding_norm.weight": "b", "model.conv_stem.weight": "a", "model.norm.weight": "b", "model.embed_tokens.weight": "a"} {
		if got[name].SHA != of(model)[name].SHA {
			t.Errorf("%s does not come from %s", name, model)
		}
	}
}

// TestQuantised takes codes and what belongs to them as they are, whatever the
// dtype, and does not multiply them.
func TestQuantised(t *testing.T) {
	add := func(name string, d safetensors.DType, shape ...int64) safetensors.Tensor {
		return safetensors.Tensor{Name: name, DType: d, Shape: shape}
	}
	for name, c := range map[string]struct {
		more  []safetensors.Tensor
		fixed []string
		free  []string
	}{
		"bitsandbytes": {
			[]safetensors.Tensor{add("w", safetensors.U8, 24, 1), add("w.absmax", safetensors.F32, 2), add("w.quant_map", safetensors.F32, 16), add("w.nested_absmax", safetensors.F32, 2)},
			[]string{"w", "w.absmax", "w.quant_map", "w.nested_absmax"},
			nil,
		},
		"int8":   {[]safetensors.Tensor{add("w", safetensors.I8, 4, 4), add("SCB", safetensors.F32, 4), add("bias", safetensors.F32, 4)}, []string{"w", "SCB"}, []string{"bias"}},
		"float8": {[]safetensors.Tensor{add("w", safetensors.F8E4M3, 4, 4), add("weight_scale_inv", safetensors.F32, 1, 1)}, []string{"w", "weight_scale_inv"}, nil},
		"gptq":   {[]safetensors.Tensor{add("qweight", safetensors.I32, 4, 4), add("scales", safetensors.F16, 4), add("g_idx", safetensors.I32, 4)}, []string{"qweight", "scales", "g_idx"}, nil},
	} {
		var list []safetensors.Tensor
		rename := func(s string) string {
			if s == "w" || strings.HasPrefix(s, "w.") {
				s = "weight" + s[1:]
			}
			return "model.layers.0.self_attn.x_proj." + s
		}
		for _, x := range c.more {
			x.Name = rename(x.Name)
			list = append(list, x)
		}
		m := tiny{dtype: safetensors.F32, more: list, config: map[string]any{"quantization_config": map[string]any{"quant_method": name}}}.build(t)
		open := models(map[string]memory{"m": m})
		// All layers have to be alike, so layer 0 alone is taken.
		m["config.json"] = bytes.Replace(m["config.json"], []byte(`"num_hidden_layers": 4`), []byte(`"num_hidden_layers": 4, "kinds_of_layers": [1, 0, 0, 0]`), 1)
		p := mustPlan(t, recipeOf("dtype: bfloat16\n", "m 0 1", "m 0 1"), open, merge.Options{})
		before, after := tensorsOf(t, mustPlan(t, recipeOf("", "m 0 4"), open, merge.Options{}), open), tensorsOf(t, p, open)
		for _, s := range c.fixed {
			if b, a := before[rename(s)], after[rename(s)]; a.DType != b.DType || a.SHA != b.SHA {
				t.Errorf("%s: %s became %s", name, s, a.DType)
			}
		}
		for _, s := range append(c.free, "") {
			n := rename(s)
			if s == "" {
				n = "model.norm.weight"
			}
			if after[n].DType != "BF16" {
				t.Errorf("%s: %s is %s", name, n, after[n].DType)
			}
		}
		scaled := strings.Replace(recipeOf("", "m 0 1"), "layer_range", "parameters: {scale: 0.5}\n        layer_range", 1)
		if _, err := planText(t, scaled, open, merge.Options{}); err == nil || !strings.Contains(err.Error(), "is quantised, and can not be multiplied") {
			t.Errorf("%s: scaling gives %v", name, err)
		}
	}
}

// TestIndexAndFiles warns of promises that do not matter, and accounts for
// weights that no index names.
func TestIndexAndFiles(t *testing.T) {
	m := tiny{shards: 2, files: map[string]string{"mtp.safetensors": "x", "modules.json": "{}", "1_Pooling/config.json": "{}", "params.json": "{}", "hf_quant_config.json": `{"exclude": ["model.layers.3.mlp"]}`}}.build(t)
	var index map[string]map[string]string
	name := "model.safetensors.index.json"
	if err := json.Unmarshal(m[name], &index); err != nil {
		t.Fatal(err)
	}
	index["weight_map"]["mtp.fc.weight"] = "model-00002-of-00002.safetensors"
	m[name] = mustJSON(t, index)
	open := models(map[string]memory{"m": m})
	p := mustPlan(t, recipeOf("", "m 0 3", "m 2 4"), open, merge.Options{})
	if want := "the index promises mtp.fc.weight, which no file has"; !strings.Contains(warnings(p), want) {
		t.Errorf("got %q, want %q", warnings(p), want)
	}
	left := map[string]string{}
	for _, l := range p.Models[0].Left {
		left[l.Path] = l.Reason
	}
	for path, want := range map[string]string{"mtp.safetensors": "the index does not name it", "params.json": "it describes the layers of the base"} {
		if !strings.Contains(left[path], want) {
			t.Errorf("%s: got %q, want %q", path, left[path], want)
		}
	}
	var have []string
	for _, f := range p.Files {
		have = append(have, f.Path)
	}
	for _, path := range []string{"modules.json", "1_Pooling/config.json"} {
		if !slices.Contains(have, path) {
			t.Errorf("%s is left behind", path)
		}
	}
	if got, want := string(readAll(t, p, "hf_quant_config.json", open)), `{"exclude": ["model.layers.4.mlp"]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if twice := slices.Sorted(maps.Keys(left)); len(twice) != len(p.Models[0].Left) {
		t.Errorf("left behind twice: %v", p.Models[0].Left)
	}
}

// TestQuantisedPairs refuses layers whose codes mean something else than what
// the base's config says.
func TestQuantisedPairs(t *testing.T) {
	model := func(kind string) memory {
		s := tiny{seed: kind}
		if kind != "" {
			s.config = map[string]any{"quantization_config": map[string]any{"quant_method": "bitsandbytes", "bnb_4bit_quant_type": kind}}
		}
		return s.build(t)
	}
	codes := tiny{config: map[string]any{"quantization_config": map[string]any{}}, change: func(x *safetensors.Tensor) {
		if strings.HasSuffix(x.Name, "up_proj.weight") {
			x.DType = safetensors.I8
		}
	}}.build(t)
	list := map[string]memory{"plain": model(""), "nf4": model("nf4"), "nf4b": model("nf4"), "fp4": model("fp4"), "codes": codes}
	for recipe, want := range map[string]string{
		recipeOf("", "nf4 0 2", "nf4b 2 4"):    "",
		recipeOf("", "nf4 0 2", "fp4 2 4"):     `quantization_config.bnb_4bit_quant_type is "fp4", the other's "nf4"`,
		recipeOf("", "plain 0 2", "codes 2 4"): "the one is quantised, the other not quantised",
		recipeOf("", "plain 0 2", "nf4 2 4"):   "", // says so, and is not
	} {
		_, err := planText(t, recipe, models(list), merge.Options{})
		if (want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestSharedHead says that one matrix comes from one model.
func TestSharedHead(t *testing.T) {
	tied := func(seed string) memory {
		return tiny{seed: seed, tied: true, config: map[string]any{"architectures": []string{"XForCausalLM"}}}.build(t)
	}
	open := models(map[string]memory{"a": tied("a"), "b": tied("b")})
	if p := mustPlan(t, recipeOf("", "a 0 2", "b 2 4"), open, merge.Options{}); !strings.Contains(warnings(p), "one matrix is embeddings and head of the result") {
		t.Errorf("got %q", warnings(p))
	}
	if p := mustPlan(t, recipeOf("", "a 0 3", "a 2 4"), open, merge.Options{}); warnings(p) != "" {
		t.Errorf("got %q", warnings(p))
	}
}
