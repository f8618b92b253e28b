package merge_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"longcat/merge"
	"longcat/merge/dirwriter"
	"longcat/merge/recipe"
)

// A merge of two models in folders: planned, looked at, written.
func Example() {
	text := []byte(`
slices:
  - sources:
      - model: models/llama-a
        layer_range: [0, 4]
  - sources:
      - model: models/llama-b
        layer_range: [2, 6]
merge_method: passthrough
dtype: bfloat16
`)
	open := func(name string) (merge.Model, error) { return merge.OpenDir(filepath.Join("testdata/golden", name)) }
	ctx := context.Background()
	r, err := recipe.Parse(text, "recipe.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := merge.NewPlan(ctx, r, open, merge.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(plan.Layers), "layers,", plan.Params, "parameters")
	fmt.Println("layer 5 is layer", plan.Layers[5].Layer, "of", plan.Layers[5].Model)
	for _, f := range plan.Files {
		content, err := f.Content(ctx, open) // bytes without a file
		if err != nil {
			fmt.Println(err)
			return
		}
		n, err := io.Copy(io.Discard, content)
		fmt.Println(f.Path, n, err)
	}

	dir, err := os.MkdirTemp("", "merged")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	fmt.Println(dirwriter.Write(ctx, dir, plan.Output(open), dirwriter.Options{}))
	// Output:
	// 8 layers, 20752 parameters
	// layer 5 is layer 3 of models/llama-b
	// model.safetensors 49304 <nil>
	// config.json 715 <nil>
	// generation_config.json 195 <nil>
	// mergekit_config.yml 193 <nil>
	// <nil>
}
