package config

import (
	"slices"
	"strings"
	"testing"

	"longcat/merge/jsontext"
)

// deeper is 0 1 2 3 2 3 4 5: six layers become eight.
var deeper = []int{0, 1, 2, 3, 2, 3, 4, 5}

// open reads a config of six layers of "model.layers".
func open(t *testing.T, name, text string) *Config {
	t.Helper()
	parsed, err := jsontext.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	sections := Sections(parsed.Root)
	d, ok := DepthOf(sections, Counts(sections), "model.layers", 6, nil)
	if !ok {
		t.Fatalf("no count in %s", text)
	}
	return &Config{Name: name, Text: parsed, Depth: d, Kind: func(int) string { return "" }}
}

// rewrite rearranges the layers of c.
func rewrite(c *Config, order ...int) (string, string, error) {
	var layers []Layer
	for _, l := range order {
		layers = append(layers, Layer{c, l})
	}
	edits, remarks, err := Rewrite(c, layers)
	return string(c.Text.Apply(edits)), strings.Join(remarks, "\n"), err
}

// TestForms moves each way in which a config can speak of layers.
func TestForms(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"list", `"layer_types": ["a","b","c","d","e","f"]`, `"layer_types": ["a","b","c","d","c","d","e","f"]`},
		{"list in a section", `"linear": {"kinds": [1,2,3,4,5,6]}`, `"linear": {"kinds": [1,2,3,4,3,4,5,6]}`},
		{"one entry more", `"compress_ratios": [0, 0, 4, 128, 4, 128, 7]`, `"compress_ratios": [0, 0, 4, 128, 4, 128, 4, 128, 7]`},
		{"entries for next-token heads", `"num_nextn_predict_layers": 2, "windows": [1,2,3,4,5,6,7,8]`, `"num_nextn_predict_layers": 2, "windows": [1,2,3,4,3,4,5,6,7,8]`},
		{"letters", `"hybrid_override_pattern": "M-*-M-"`, `"hybrid_override_pattern": "M-*-*-M-"`},
		{"numbers", `"global_attn_idx": [0, 2, 5]`, `"global_attn_idx": [0, 2, 4, 7]`},
		{"numbers of a new name", `"mega_layer_ids": [0, 3]`, `"mega_layer_ids": [0, 3, 5]`},
		{"numbers from one", `"linear_attn_config": {"full_attn_layers": [3, 6], "kda_layers": [1, 2, 4, 5]}`, `"linear_attn_config": {"full_attn_layers": [3, 5, 8], "kda_layers": [1, 2, 4, 6, 7]}`},
		{"all numbers", `"moe_layers": [0,1,2,3,4,5]`, `"moe_layers": [0,1,2,3,4,5,6,7]`},
		{"numbers in a string", `"moe_layers_enum": "2,3,4,5"`, `"moe_layers_enum": "2,3,4,5,6,7"`},
		{"numbers as keys", `"per_layer_config": {"2": {"head_dim": 8}, "5": {"head_dim": 16}}`, `"per_layer_config": {"2": {"head_dim": 8}, "4": {"head_dim": 8}, "7": {"head_dim": 16}}`},
		{"padded keys", `"per_layer_config": {"02": {"a": 8}, "05": {"a": 16}}`, `"per_layer_config": {"02": {"a": 8}, "04": {"a": 8}, "07": {"a": 16}}`},
		{"every number as a key", `"conv_dim": {"0": 32, "1": 33, "2": 34, "3": 35, "4": 36, "5": 37}`, `"conv_dim": {"0": 32, "1": 33, "2": 34, "3": 35, "4": 34, "5": 35, "6": 36, "7": 37}`},
		{"pruned heads", `"pruned_heads": {"3": [0, 1]}`, `"pruned_heads": {"3": [0, 1], "5": [0, 1]}`},
		{"numbers of a part", `"attn": {"layers": [1, 4], "num_heads": 4}`, `"attn": {"layers": [1, 6], "num_heads": 4}`},
		{"bits in a quantisation", `"quantization_config": {"bits_per_layer": [4,4,8,4,4,8]}`, `"quantization_config": {"bits_per_layer": [4,4,8,4,8,4,4,8]}`},
		{"numbers shared out", `"mixers": {"full": [3, 6], "linear": [1, 2, 4, 5]}`, `"mixers": {"full": [3, 5, 8], "linear": [1, 2, 4, 6, 7]}`},
		{"words with numbers as keys", `"rates": {"layer_0": 1, "layer_3": 2}`, `"rates": {"layer_0": 1, "layer_3": 2, "layer_5": 2}`},
		{"numbers with spaces", `"moe_layers_enum": "2 3 4"`, `"moe_layers_enum": "2 3 4 5 6"`},
		{"cycle", `"block_types": ["r", "r", "a"]`, `"block_types": ["r", "r", "a", "r", "a", "r", "r", "a"]`},
		{"cycle of letters", `"sliding_window_pattern": "LLG"`, `"sliding_window_pattern": "LLGLGLLG"`},
		{"repeated kinds", `"attention_types": [[["global", "local"], 3]]`, `"attention_types": [[["global", "local", "global", "local", "global", "local", "global", "local"], 1]]`},
		{"layers that others take from", `"kv_source_layers": [0,0,2,2,4,4]`, `"kv_source_layers": [0,0,2,2,4,4,6,6]`},
		{"last layers", `"num_kv_shared_layers": 2`, `"num_kv_shared_layers": 2`},
		{"first layers", `"first_k_dense_replace": 1`, `"first_k_dense_replace": 1`},
		{"window on all layers", `"use_sliding_window": true, "max_window_layers": 6`, `"use_sliding_window": true, "max_window_layers": 8`},
		{"outputs", `"out_indices": [0, 2, 4, 6]`, `"out_indices": [0, 2, 6, 8]`},
		{"stages", `"stage_names": ["stem","stage1","stage2","stage3","stage4","stage5","stage6"], "out_features": ["stage2","stage6"]`, `"stage_names": ["stem","stage1","stage2","stage3","stage4","stage5","stage6","stage7","stage8"], "out_features": ["stage2","stage8"]`},
		{"last layer of a kind", `"moe_layer_end_index": 5`, `"moe_layer_end_index": 7`},
		{"outputs from the end", `"feature_layer": -2`, `"feature_layer": -2`},
		{"modules", `"quantization_config": {"ignore": ["lm_head", "model.layers.3.mlp"]}`, `"quantization_config": {"ignore": ["lm_head", "model.layers.3.mlp", "model.layers.5.mlp"]}`},
		{"modules as keys", `"quantization": {"bits": 4, "model.layers.4.mlp.gate": {"bits": 8}}`, `"quantization": {"bits": 4, "model.layers.6.mlp.gate": {"bits": 8}}`},
		{"patterns of modules", `"quantization_config": {"dynamic": {"-:model\\.layers\\.4\\..*": {}}}`, `"quantization_config": {"dynamic": {"-:model\\.layers\\.6\\..*": {}}}`},
		{"patterns of several layers", `"quantization_config": {"ignore": ["re:.*layers\\.(0|3)\\.mlp"]}`, `"quantization_config": {"ignore": ["re:.*layers\\.(?:0|3|5)\\.mlp"]}`},
		{"classes in patterns", `"quantization_config": {"ignore": ["re:.*layers\\.[4-9]\\.mlp"]}`, `"quantization_config": {"ignore": ["re:.*layers\\.(?:6|7)\\.mlp"]}`},
		{"patterns of all layers", `"quantization_config": {"ignore": ["re:.*layers\\.\\d+\\.mlp", "model.layers.*.mlp", "re:model\\.layers\\..*\\.gate"]}`, `"quantization_config": {"ignore": ["re:.*layers\\.\\d+\\.mlp", "model.layers.*.mlp", "re:model\\.layers\\..*\\.gate"]}`},
	} {
		in := `{"num_hidden_layers": 6, ` + c.in + `}`
		got, remarks, err := rewrite(open(t, "m", in), deeper...)
		if want := `{"num_hidden_layers": 8, ` + c.want + `}`; err != nil || got != want || remarks != "" {
			t.Errorf("%s: got %s, remarks %q, error %v\nwant %s", c.name, got, remarks, err, want)
		}
	}
}

// TestRemarks wants a word where a value may no longer fit, and the value left
// or set as told.
func TestRemarks(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`"scale_attn_by_inverse_layer_idx": true`, "scale_attn_by_inverse_layer_idx is true, a rule by layer number; it makes layers 4, 5, 6, 7 of"},
		{`"model_type": "diffllama"`, "model_type diffllama computes the weight of its differential attention from a layer's number"},
		{`"sliding_window_pattern": 3`, "sliding_window_pattern is 3, a rule by layer number; it makes layers 4, 5, 7 of"},
		{`"model_type": "gemma3_text", "_sliding_window_pattern": 3`, "layer_types says it now"},
		{`"scale_depth": 1.5`, "it was 1.5 and is 1.732"},
		{`"mystery_layer_ids": [1, 3]`, "whether its numbers begin at 0 or at 1 could not be told"},
		{`"cross_attention_layers": ["a"]`, "it is no list of layer numbers"},
		{`"new_layer_count": 3`, "new_layer_count is 3; whether that still fits 8 layers instead of 6"},
		{`"kv_reuse_group": [[1, 2], [3, 4]]`, "kv_reuse_group speaks of layers"},
		{`"dense_layers_range": "0-2"`, "its ranges could not be read"},
		{`"moe_layer_start_index": [1, 2]`, "it has several numbers"},
		{`"mamba_every": 3`, "mamba_every is 3, a rule by layer number; it makes layers 4, 5, 6, 7 of"},
		{`"use_cla": true, "cla_share_factor": 3`, "cla_share_factor is 3, a rule by layer number"},
		{`"moe_layer_kinds": "([0]*3+[1]*3)"`, "moe_layer_kinds speaks of layers"},
		{`"layer_gains": [1, 2, 3, 4, 5, 6, 7]`, "it has 7 entries for 6 layers"},
		{`"attn_pattern": ["a", "b", "b"]`, "it looks like a cycle of kinds"},
		{`"layer_groups": {"0-2": 1, "3-5": 2}`, "its keys could not be read"},
		{`"scale_residual_by_depth": true`, "scale_residual_by_depth is true"},
		{`"quantization_config": {"dynamic": {"-:.*\\.4\\.mlp.*": {}}}`, "which ones its patterns mean could not be read"},
		{`"strange": [1,2,3,4,5,6]`, "strange has as many entries as there are layers"},
		{`"new_pattern": "AAB"`, "its letters are not one for each layer"},
		{`"vision_config": {"deepstack_visual_indexes": [1, 2, 3, 4, 5, 6, 7]}`, "deepstack_visual_indexes adds to what the first layers make"},
	} {
		_, remarks, err := rewrite(open(t, "m", `{"num_hidden_layers": 6, `+c.in+`}`), deeper...)
		if err != nil || !strings.Contains(remarks, c.want) {
			t.Errorf("%s: got %q, error %v, want %q", c.in, remarks, err, c.want)
		}
	}
}

// TestSilence wants neither word nor edit where nothing depends on the layers'
// numbers.
func TestSilence(t *testing.T) {
	for _, in := range []string{
		`"use_sliding_window": false, "max_window_layers": 6, "sliding_window": 131072`,
		`"layer_types": ["a","a","a","a","a","a"], "_sliding_window_pattern": 6, "max_window_layers": 3, "full_attention_interval": 4`,
		`"vocab_size_per_layer_input": 262144, "hidden_size_per_layer_input": 256, "num_nextn_predict_layers": 1`,
		`"scale_attn_by_inverse_layer_idx": false, "layer_norm_eps": 1, "rescale_every": 6, "layerdrop": 0.1`,
		`"rope_scaling": {"long_factor": [1,2,3,4,5,6]}, "architectures": ["a","b","c","d","e","f"], "eos_token_id": [1,2,3,4,5,6]`,
		`"id2label": {"0": "a", "1": "b"}, "mlp_only_layers": [], "decoder_sparse_step": 1, "moe_layer_freq": 1, "sliding_window_pattern": 1`,
		`"vision_config": {"num_hidden_layers": 6, "depth": 6, "kinds": [1,2,3,4,5,6], "fullatt_block_indexes": [1, 3]}, "vision_feature_layer": -2`,
		`"quantization_config": {"modules_to_not_convert": ["lm_head", "vision_tower.layers.3", "mtp.layers.3.x"], "bits": 4}`,
		`"apply_query_key_layer_scaling": true, "depth_scaled_init": true, "num_experts_per_layer": 4, "block_type": "pre_norm", "attn_pattern": ["a", "a"]`,
		`"quantization_config": {"modules_to_not_convert": ["re:.*experts\\.3\\.w1", "lm_head"], "weight_block_size": [128, 128]}`,
		`"use_cla": false, "cla_share_factor": 4, "moe_layers": "all", "attention_dropout_every": 0, "decoder_start_layer": 0`,
		`"num_kv_shared_layers": 0, "first_k_dense_replace": 0, "interleave_moe_layer_step": 1, "pruned_heads": {}`,
	} {
		got, remarks, err := rewrite(open(t, "m", `{"num_hidden_layers": 6, `+in+`}`), deeper...)
		if err == nil && strings.Contains(in, `"layer_types"`) {
			got = strings.Replace(got, `,"a","a"]`, `]`, 1)
		}
		if want := `{"num_hidden_layers": 8, ` + in + `}`; err != nil || got != want || remarks != "" {
			t.Errorf("got %s, remarks %q, error %v\nwant %s", got, remarks, err, want)
		}
	}
	// Layers of two models, each at its own place, have the same depth.
	a, b := open(t, "a", `{"num_hidden_layers": 6, "new_layer_count": 3}`), open(t, "b", `{"num_hidden_layers": 6, "new_layer_count": 3}`)
	if _, remarks, _ := Rewrite(a, []Layer{{a, 0}, {a, 1}, {a, 2}, {b, 3}, {b, 4}, {b, 5}}); len(remarks) > 0 {
		t.Errorf("same depth: %q", remarks)
	}
}

// TestRefusals wants an error where the result can not be right.
func TestRefusals(t *testing.T) {
	kinds := func(list string) func(int) string {
		return func(layer int) string { return list[layer : layer+1] }
	}
	for _, c := range []struct {
		name, in, kinds string
		order           []int
		want            string // "" if it can be right
	}{
		{"first layer repeated", `"a": 1`, "ABBBBB", []int{0, 0, 1, 2, 3, 4, 5}, "layer 0 of \"m\" has other tensors than those that can stand at 1"},
		{"first layer left out", `"a": 1`, "ABBBBB", []int{1, 2, 3, 4, 5}, "layer 1 of \"m\" can not stand there"},
		{"first layer kept", `"a": 1`, "ABBBBB", deeper, ""},
		{"last layer repeated", `"a": 1`, "BBBBBA", []int{0, 1, 2, 3, 4, 5, 5}, "layer 5 of \"m\" has other tensors"},
		{"last layer kept", `"a": 1`, "BBBBBA", deeper, ""},
		{"dense layers by a number", `"first_k_dense_replace": 2`, "AABBBB", []int{0, 1, 0, 1, 2, 3, 4, 5}, ""},
		{"dense layers moved", `"first_k_dense_replace": 2`, "AABBBB", []int{0, 1, 2, 1, 2, 3, 4, 5}, "wants other tensors in layer 3 of the result"},
		{"dense layers without a number", `"a": 1`, "AABBBB", []int{0, 1, 0, 1, 2, 3, 4, 5}, "its place does"},
		{"every third", `"full_attention_interval": 3`, "AABAAB", deeper, "wants other tensors in layer 4"},
		{"every third by a list", `"full_attention_interval": 3, "layer_types": [1,1,2,1,1,2]`, "AABAAB", deeper, ""},
		{"every third without a word", `"a": 1`, "AABAAB", []int{0, 1, 2, 0, 1, 2, 3, 4, 5}, ""},
		{"every third without a word, moved", `"a": 1`, "AABAAB", deeper, "every 3rd layer"},
		{"shared", `"model_type": "zamba2"`, "AAAAAA", deeper, "share tensors"},
		{"mixed", `"a": 1`, "ABCCAB", deeper, "config.json does not say which is which"},
		{"quantisation rule", `"quantization_config": {"ignore": ["model.layers.4.mlp"]}`, "AAAABA", deeper, ""},
		{"pattern that can not be read", `"quantization_config": {"ignore": ["re:.*layers\\.(?!3).*mlp"]}`, "AAAAAA", deeper, "in a way that could not be read"},
		{"output of a lost layer", `"out_indices": [2]`, "AAAAAA", []int{0, 2, 3}, "the result has no such layer"},
		{"source behind", `"kv_source_layers": [0,0,0,0,0,0]`, "AAAAAA", []int{1, 2}, "no such layer stands before it"},
	} {
		m := open(t, "m", `{"num_hidden_layers": 6, `+c.in+`}`)
		m.Kind = kinds(c.kinds)
		_, _, err := rewrite(m, c.order...)
		switch {
		case c.want == "" && err != nil, c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestTwoSides changes what speaks of the side that became deeper, and that
// alone.
func TestTwoSides(t *testing.T) {
	for _, c := range []struct{ name, prefix, other, in, want string }{
		{"two keys", "decoder.block", "encoder.block", `"num_layers": 6, "num_decoder_layers": 6`, `"num_layers": 6, "num_decoder_layers": 8`},
		{"two keys, encoder", "encoder.block", "decoder.block", `"num_layers": 6, "num_decoder_layers": 6`, `"num_layers": 8, "num_decoder_layers": 6`},
		{"implied", "decoder.block", "encoder.block", `"model_type": "t5", "num_layers": 6`, `"model_type": "t5", "num_layers": 6, "num_decoder_layers": 8`},
		{"implied, encoder", "encoder.block", "decoder.block", `"model_type": "t5", "num_layers": 6`, `"model_type": "t5", "num_layers": 8, "num_decoder_layers": 6`},
		{"implied in others", "decoder.layers", "encoder.layers", `"model_type": "new", "num_layers": 6`, ``},
		{"mirrored", "model.decoder.layers", "model.encoder.layers", `"encoder_layers": 6, "decoder_layers": 6, "num_hidden_layers": 6`, `"encoder_layers": 6, "decoder_layers": 8, "num_hidden_layers": 6`},
		{"mirrored, encoder", "model.encoder.layers", "model.decoder.layers", `"encoder_layers": 6, "decoder_layers": 6, "num_hidden_layers": 6`, `"encoder_layers": 8, "decoder_layers": 6, "num_hidden_layers": 8`},
		{"list of no side", "model.decoder.layers", "model.encoder.layers", `"encoder_layers": 6, "decoder_layers": 6, "attention_window": [1,2,3,4,5,6]`, `remark`},
		{"lists of sides", "model.decoder.layers", "model.encoder.layers", `"encoder_layers": 6, "decoder_layers": 6, "encoder_windows": [1,2,3,4,5,6], "decoder_windows": [1,2,3,4,5,6]`, `"encoder_layers": 6, "decoder_layers": 8, "encoder_windows": [1,2,3,4,5,6], "decoder_windows": [1,2,3,4,3,4,5,6]`},
		{"sections", "model.decoder.layers", "model.encoder.layers", `"encoder": {"num_hidden_layers": 6, "layer_types": [1,2,3,4,5,6]}, "decoder": {"num_hidden_layers": 6, "layer_types": [1,2,3,4,5,6]}`, `"encoder": {"num_hidden_layers": 6, "layer_types": [1,2,3,4,5,6]}, "decoder": {"num_hidden_layers": 8, "layer_types": [1,2,3,4,3,4,5,6]}`},
		{"tower alone", "vit.encoder.layer", "", `"num_hidden_layers": 6`, `"num_hidden_layers": 8`},
		{"tower beside text", "vision_model.encoder.layers", "text_model.encoder.layers", `"text_config": {"num_hidden_layers": 6}, "vision_config": {"num_hidden_layers": 6}, "vision_feature_layer": 6`, `"text_config": {"num_hidden_layers": 6}, "vision_config": {"num_hidden_layers": 8}, "vision_feature_layer": 8`},
		{"another name", "backbone.blocks", "", `"num_blocks": 6`, `"num_blocks": 8`},
		{"sections of other models", "model.layers", "", `"num_hidden_layers": 6, "codec_config": {"num_hidden_layers": 8, "kinds": [1,2,3,4,5,6]}, "depth_decoder_config": {"num_hidden_layers": 6}`, `"num_hidden_layers": 8, "codec_config": {"num_hidden_layers": 8, "kinds": [1,2,3,4,5,6]}, "depth_decoder_config": {"num_hidden_layers": 6}`},
		{"section by name", "depth_decoder.layers", "", `"num_hidden_layers": 6, "depth_decoder_config": {"num_hidden_layers": 6}`, `"num_hidden_layers": 6, "depth_decoder_config": {"num_hidden_layers": 8}`},
		{"a talker's tap", "thinker.model.layers", "", `"thinker_config": {"text_config": {"num_hidden_layers": 6}}, "talker_config": {"accept_hidden_layer": 5, "text_config": {"num_hidden_layers": 3}}`, `"thinker_config": {"text_config": {"num_hidden_layers": 8}}, "talker_config": {"accept_hidden_layer": 7, "text_config": {"num_hidden_layers": 3}}`},
		{"no count but a list", "backbone.layers", "", `"layers_block_type": [1,2,3,4,5,6]`, `"layers_block_type": [1,2,3,4,3,4,5,6]`},
		{"a name that is not known", "m.layers", "", `"trunk_layers": 6, "head_layers": 6`, `"trunk_layers": 8, "head_layers": 6`},
	} {
		text, err := jsontext.Parse([]byte("{" + c.in + "}"))
		if err != nil {
			t.Fatal(err)
		}
		sections := Sections(text.Root)
		d, ok := DepthOf(sections, Counts(sections), c.prefix, 6, slices.DeleteFunc([]string{c.other}, func(s string) bool { return s == "" }))
		if !ok {
			t.Errorf("%s: no count found", c.name)
			continue
		}
		got, remarks, err := rewrite(&Config{Name: "m", Text: text, Depth: d, Kind: func(int) string { return "" }}, deeper...)
		switch {
		case c.want == "remark" && strings.Contains(remarks, "of the encoder or of the decoder"):
		case c.want == "" && err == nil, c.want != "" && (err != nil || got != "{"+c.want+"}" || remarks != ""):
			t.Errorf("%s: got %s, remarks %q, error %v\nwant {%s}", c.name, got, remarks, err, c.want)
		}
	}
}

// TestOtherModels gives a layer of another model what that model's config says.
func TestOtherModels(t *testing.T) {
	a := open(t, "a", `{"num_hidden_layers": 6, "kinds": ["a0","a1","a2","a3","a4","a5"], "moe_layers": [0], "pattern": "ABCDEF", "first_k_dense_replace": 1, "quantization_config": {"ignore": ["model.layers.0.x"]}}`)
	b := open(t, "b", `{"num_hidden_layers": 6, "kinds": ["b0","b1","b2","b3","b4","b5"], "moe_layers": [5], "pattern": "abcdef", "first_k_dense_replace": 2, "quantization_config": {"ignore": ["model.layers.1.x", "model.layers.5.x"]}}`)
	edits, remarks, err := Rewrite(a, []Layer{{a, 0}, {b, 1}, {a, 2}, {b, 5}})
	want := `{"num_hidden_layers": 4, "kinds": ["a0","b1","a2","b5"], "moe_layers": [0, 3], "pattern": "AbCf", "first_k_dense_replace": 2, "quantization_config": {"ignore": ["model.layers.0.x", "model.layers.1.x", "model.layers.3.x"]}}`
	if got := string(a.Text.Apply(edits)); err != nil || got != want || len(remarks) > 0 {
		t.Errorf("got %s, remarks %q, error %v\nwant %s", got, remarks, err, want)
	}
}

// TestModules rewrites the other files that speak of layers.
func TestModules(t *testing.T) {
	base := open(t, "m", `{"num_hidden_layers": 6}`)
	for in, want := range map[string]string{
		`{"exclude_modules": ["lm_head", "model.layers.4.mlp"]}`:                     `{"exclude_modules": ["lm_head", "model.layers.6.mlp"]}`,
		`{"tensor_storage": {"model.layers.3.q": {"bits": 4}, "lm_head": {"b": 6}}}`: `{"tensor_storage": {"model.layers.3.q": {"bits": 4}, "model.layers.5.q": {"bits": 4}, "lm_head": {"b": 6}}}`,
		`{"alignment_heads": [[2, 7], [5, 0]], "num_layers": 6}`:                     `{"alignment_heads": [[2, 7], [4, 7], [7, 0]], "num_layers": 6}`,
	} {
		text, err := jsontext.Parse([]byte(in))
		if err != nil {
			t.Fatal(err)
		}
		c := &Config{Name: "m", Text: text, Depth: base.Depth}
		var layers []Layer
		for _, l := range deeper {
			layers = append(layers, Layer{c, l})
		}
		edits, err := Modules(c, layers)
		if got := string(text.Apply(edits)); err != nil || got != want {
			t.Errorf("got %s, error %v, want %s", got, err, want)
		}
	}
}

// TestExtraLayers renumbers what is said of layers beyond the count, which
// stay behind the last one.
func TestExtraLayers(t *testing.T) {
	c := open(t, "m", `{"num_hidden_layers": 6, "moe_layers": [4, 6], "windows": [1,2,3,4,5,6,7], "per_layer_config": {"6": {"a": 1}}, "quantization_config": {"ignore": ["model.layers.6.eh_proj", "model.layers.5.x"]}}`)
	c.Extra = 1
	got, remarks, err := rewrite(c, deeper...)
	want := `{"num_hidden_layers": 8, "moe_layers": [6, 8], "windows": [1,2,3,4,3,4,5,6,7], "per_layer_config": {"8": {"a": 1}}, "quantization_config": {"ignore": ["model.layers.8.eh_proj", "model.layers.7.x"]}}`
	if got != want || remarks != "" || err != nil {
		t.Errorf("got %s, %q, %v\nwant %s", got, remarks, err, want)
	}
}
