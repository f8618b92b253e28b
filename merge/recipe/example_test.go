package recipe_test

import (
	"fmt"

	"longcat/merge/recipe"
)

// A recipe is decoded, and a tensor's parameters are worked out.
func Example() {
	r, err := recipe.Parse([]byte(`
merge_method: ties
base_model: org/base
models:
  - model: org/a
    parameters: {weight: [0.2, 0.8], density: 0.5}
  - model: org/b@v2
    parameters:
      weight:
        - {filter: mlp, value: 1}
        - {value: 0.3}
parameters: {lambda: 0.9, gamma: 0.1}
`), "recipe.yaml")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range r.Warnings {
		fmt.Println(w)
	}
	for _, ref := range r.Models() {
		fmt.Printf("%s %q\n", ref.Path, ref.Revision)
	}
	s := &r.Slices[0]
	const name = "model.layers.5.mlp.up_proj.weight"
	v, err := s.Values(name, []string{name, name, name}, 0.5) // in the middle of the slice
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(v.Tensor["lambda"], v.Inputs[0], v.Inputs[1], "base:", s.BaseInput())

	_, err = recipe.Parse([]byte("merge_method: slrp\n"), "other.yaml")
	fmt.Println(err)
	// Output:
	// line 12, column 27: the parameter gamma has no effect on a ties merge
	// org/a ""
	// org/b "v2"
	// org/base ""
	// 0.9 map[density:0.5 weight:0.5] map[density:1 weight:1] base: 2
	// other.yaml:1:15: unknown merge_method "slrp" (did you mean slerp?)
}
