package config

import (
	"fmt"
	"testing"

	"longcat/merge/jsontext"
)

// FuzzRewrite wants any config to stay JSON when its layers are moved, and to
// stay as it is when they are not.
func FuzzRewrite(f *testing.F) {
	for _, s := range []string{
		`"layer_types": ["a","b"], "quantization_config": {"ignore": ["model.layers.1.x", "re:.*layers\\.(0|1)\\..*"], "dynamic": {"+:layers.0": {}}}`,
		`"per_layer_config": {"0": {"x": 1}, "01": 3}, "moe_layers_enum": "0, 1", "hybrid_override_pattern": "M*"`,
		`"a": {"full": [1], "linear": [2]}, "kv_source_layers": [0, 0], "out_indices": [-1, 2], "attention_types": [[["g"], 2]]`,
		`"model_type": "gemma2", "scale_depth": 1.4, "num_kv_shared_layers": 1, "stage_names": ["stem","stage1","stage2"], "out_features": ["stage2"]`,
	} {
		f.Add(s, uint8(0b1101), "AB")
	}
	f.Fuzz(func(t *testing.T, members string, order uint8, kinds string) {
		data := []byte(fmt.Sprintf(`{"num_hidden_layers": 2, %s}`, members))
		text, err := jsontext.Parse(data)
		if err != nil || len(kinds) < 2 {
			return
		}
		sections := Sections(text.Root)
		d, ok := DepthOf(sections, Counts(sections), "model.layers", 2, []string{"model.decoder.layers"})
		if !ok || d.Layers != 2 {
			return
		}
		other, err := jsontext.Parse([]byte(`{"num_hidden_layers": 2}`))
		if err != nil {
			t.Fatal(err)
		}
		kind := func(layer int) string { return kinds[layer : layer+1] }
		a, b := &Config{Name: "a", Text: text, Depth: d, Kind: kind}, &Config{Name: "b", Text: other, Depth: d, Kind: kind}
		layers := []Layer{{a, int(order & 1)}, {a, int(order >> 1 & 1)}, {a, int(order >> 2 & 1)}}
		if order&8 > 0 {
			layers[2].From = b
		}
		edits, _, err := Rewrite(a, layers)
		if err != nil {
			return
		}
		if out := text.Apply(edits); !valid(out) {
			t.Errorf("%s became %s", data, out)
		}
		if edits, remarks, err := Rewrite(a, []Layer{{a, 0}, {a, 1}}); len(edits) > 0 || len(remarks) > 0 || err != nil {
			t.Errorf("%s: nothing moved, but %d edits, %q, %v", data, len(edits), remarks, err)
		}
	})
}

func valid(data []byte) bool {
	_, err := jsontext.Parse(data)
	return err == nil
}
