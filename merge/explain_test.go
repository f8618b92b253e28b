package merge_test

import (
	"fmt"
	"testing"

	"longcat/merge"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	list := models(map[string]memory{"a": tiny{seed: "a"}.build(t), "b": tiny{seed: "b"}.build(t)})
	const recipe = `merge_method: ties
base_model: a
dtype: bfloat16
models:
- model: b
  parameters:
    density: 0.5
    weight: [{filter: mlp, value: [0, 1]}, {value: 0.5}]
`
	p := mustPlan(t, recipe, list, merge.Options{Explain: true})
	count := 0
	found := map[string]merge.TensorGroup{}
	for _, g := range p.Groups {
		count += g.Count
		found[g.Tensors] = g
	}
	if count != p.Tensors {
		t.Errorf("%d tensors of %d are explained", count, p.Tensors)
	}
	q := found["model.layers.0–3.self_attn.qkv_proj.weight"]
	if q.Count != 4 || q.Method != "ties" || len(q.Inputs) != 2 || fmt.Sprint(q.Inputs[0].Params) != "map[density:0.5 weight:0.5]" || q.Read != 2*q.Written {
		t.Errorf("%+v, of %v", q, p.Groups)
	}
	up := found["model.layers.3.mlp.up_proj.weight"]
	if up.Count != 1 || up.Inputs[0].Params["weight"] != 1 {
		t.Errorf("%+v", up)
	}
	stacked := mustPlan(t, recipeOf("", "a 0 4", "a 1 3"), list, merge.Options{Explain: true})
	for _, g := range stacked.Groups {
		if g.Method != "copy" || g.Inputs[0].Model != "a" || g.Read != g.Written {
			t.Errorf("%+v", g)
		}
	}
	if plain := mustPlan(t, recipe, list, merge.Options{}); plain.Groups != nil {
		t.Error("what nobody asked for is explained")
	}
}
