package longcat

import (
	"slices"

	"longcat/merge"
	"longcat/merge/recipe"
	"longcat/modelcard"
)

// cardParams are the parameters that cards tell of: what each model's share is.
var cardParams = []string{"weight", "density", "t"}

// probes are tensors of the parts of a layer that recipes give values of their
// own.
var probes = []struct{ part, tensor string }{
	{"self_attn", "model.layers.0.self_attn.q_proj.weight"},
	{"mlp", "model.layers.0.mlp.up_proj.weight"},
}

// tellParams adds to the parents of a computed merge what the recipe gives them,
// at each of the result's layers. index finds a parent by its name in the recipe.
func tellParams(parents []modelcard.Parent, plan *merge.Plan, r *recipe.Recipe, index map[string]int) {
	if len(plan.Layers) == 0 {
		return
	}
	inSlice := map[int]int{}
	for _, l := range plan.Layers {
		inSlice[l.Slice]++
	}
	at := map[int]int{}
	told := make([]map[string]*modelcard.Param, len(parents)) // by name and part
	for i, l := range plan.Layers {
		if l.Slice < 0 || l.Slice >= len(r.Slices) {
			return
		}
		s, t := &r.Slices[l.Slice], 0.0
		if n := inSlice[l.Slice]; n > 1 {
			t = float64(at[l.Slice]) / float64(n-1)
		}
		at[l.Slice]++
		base := s.BaseInput()
		for input := range s.Inputs {
			p, ok := index[s.Inputs[input].Model.String()]
			if !ok {
				continue
			}
			parents[p].Base = parents[p].Base || input == base
			if told[p] == nil {
				told[p] = map[string]*modelcard.Param{}
			}
			addValues(told[p], s, input, i, t)
		}
	}
	for p, params := range told {
		parents[p].Params = inOrder(params, len(plan.Layers))
	}
}

// addValues notes the values of one input at layer i of the result.
func addValues(told map[string]*modelcard.Param, s *recipe.Slice, input, i int, t float64) {
	for _, probe := range probes {
		names := slices.Repeat([]string{probe.tensor}, len(s.Inputs))
		values, err := s.Values(probe.tensor, names, t)
		if err != nil {
			return
		}
		for _, name := range cardParams {
			v, ok := values.Inputs[input][name]
			if shared, is := values.Tensor[name]; is && input != s.BaseInput() {
				v, ok = shared, true
			}
			if !ok || s.Setting(name, input) == nil && s.Setting(name, -1) == nil {
				continue
			}
			key := name + " " + probe.part
			if told[key] == nil {
				told[key] = &modelcard.Param{Name: name, Part: probe.part}
			}
			for len(told[key].Values) < i {
				told[key].Values = append(told[key].Values, 0) // a layer without this parent
			}
			told[key].Values = append(told[key].Values[:i], v)
		}
	}
}

// inOrder are the parameters with what is the same told once: for all parts of a
// layer, and for all layers.
func inOrder(told map[string]*modelcard.Param, layers int) (params []modelcard.Param) {
	for _, name := range cardParams {
		var parts []modelcard.Param
		for _, probe := range probes {
			p := told[name+" "+probe.part]
			if p == nil {
				continue
			}
			for len(p.Values) < layers {
				p.Values = append(p.Values, 0)
			}
			if slices.Min(p.Values) == slices.Max(p.Values) {
				p.Values = p.Values[:1]
			}
			parts = append(parts, *p)
		}
		if len(parts) == 2 && slices.Equal(parts[0].Values, parts[1].Values) {
			parts = parts[:1]
			parts[0].Part = ""
		}
		params = append(params, parts...)
	}
	return params
}
