package modelcard_test

import (
	"slices"

	"longcat/modelcard"
)

// seed is the LongCAT merge: layers 8 to 23 of a 32-layer model twice in a row.
func seed() modelcard.Facts {
	var layers []modelcard.Layer
	for l := range 32 {
		layers = append(layers, modelcard.Layer{{Layer: l}})
		if l >= 8 && l < 24 {
			layers = append(layers, modelcard.Layer{{Layer: l}})
		}
	}
	return modelcard.Facts{
		Repo: "rishiraj/LongCAT-10.7B",
		Parents: []modelcard.Parent{{
			Model:  "rishiraj/CatPPT-base",
			Commit: "2f1b0c5a9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4b",
			Layers: 32,
			Card:   []byte("---\nlicense: apache-2.0\nlanguage:\n- en\ntags:\n- merge\n- chat\n---\n# CatPPT\n"),
		}},
		Layers:       layers,
		Method:       "passthrough",
		Recipe:       []byte("slices:\n- sources:\n  - model: rishiraj/CatPPT-base\n    layer_range: [0, 8]\nmerge_method: passthrough\ndtype: bfloat16\n"),
		RecipeFile:   "mergekit_config.yml",
		Params:       10731524096,
		Size:         21463048192,
		DType:        "bfloat16",
		Architecture: "MistralForCausalLM",
		MadeWith:     "longcat 1.0.0",
	}
}

// stacked is the contrast: two overlapping halves.
func stacked() modelcard.Facts {
	f := seed()
	f.Layers = nil
	for _, r := range [][2]int{{0, 24}, {8, 32}} {
		for l := r[0]; l < r[1]; l++ {
			f.Layers = append(f.Layers, modelcard.Layer{{Layer: l}})
		}
	}
	return f
}

// two interleaves two parents and leaves layers of both out.
func two() modelcard.Facts {
	f := seed()
	f.Parents = append(slices.Clone(f.Parents), modelcard.Parent{
		Model: "another/Mistral-7B", Commit: "0123456789abcdef0123456789abcdef01234567", Layers: 32,
		Card: []byte("---\nlicense: apache-2.0\nlanguage: [en, fr]\n---\n"),
	})
	f.Layers = nil
	for _, r := range [][3]int{{0, 0, 16}, {1, 8, 24}, {0, 17, 32}} {
		for l := r[1]; l < r[2]; l++ {
			f.Layers = append(f.Layers, modelcard.Layer{{Parent: r[0], Layer: l}})
		}
	}
	return f
}
