package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"longcat/merge/jsontext"
	"longcat/merge/number"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// gather lists the result's tensors: what stands before the layers, the layers,
// and what stands after them.
func (p *planner) gather(context.Context) error {
	if err := p.checkOutside(); err != nil {
		return err
	}
	prefix := p.base().depth.stack.Prefix
	firstSlice, lastSlice := &p.recipe.Slices[0], &p.recipe.Slices[len(p.recipe.Slices)-1]
	for _, t := range p.first().loose {
		if !afterLayers(prefix, t.Name) {
			if err := p.addLoose(p.first(), t, firstSlice); err != nil {
				return err
			}
		}
	}
	for i, l := range p.layers {
		for _, t := range l.from.layers[l.layer] {
			if p.add(l.from, t, layerName(prefix, i, t.rest), p.scaleOf(&p.recipe.Slices[l.slice], t.Name, l.t)) {
				p.plan.Layers[i].Scaled = true
			}
		}
	}
	// Layers beyond the config's count (draft heads that predict several tokens)
	// belong to the end of the model and keep their distance from it.
	last := p.last()
	for i, layer := range last.layers[last.depth.layers:] {
		for _, t := range layer {
			p.add(last, t, layerName(prefix, len(p.layers)+i, t.rest), 1)
		}
	}
	for _, t := range last.loose {
		if afterLayers(prefix, t.Name) {
			if err := p.addLoose(last, t, lastSlice); err != nil {
				return err
			}
		}
	}
	p.untie(prefix, lastSlice)
	p.plan.Warnings = append(p.plan.Warnings, p.usage.Unused(p.recipe)...)
	return p.checkOutputs()
}

// addLoose adds a tensor outside the layers. One with a row for each token is
// rearranged if the result has another tokenizer.
func (p *planner) addLoose(from *checkpoint, t sourceTensor, s *recipe.Slice) error {
	m := member{from, t.Name, &t}
	if p.rearranges(t.Name, m, m) && number.IsFloat(t.DType) && !from.fixed(t) {
		return p.addComputed(s, t.Name, []member{m}, 0)
	}
	p.add(from, t, t.Name, p.scaleOf(s, t.Name, 0))
	return nil
}

// scaleOf is the factor for a tensor of a slice's only input, at the place t in the
// slice.
func (p *planner) scaleOf(s *recipe.Slice, tensor string, t float64) float64 {
	v, err := p.usage.Values(s, tensor, []string{tensor}, t)
	if err != nil {
		panic(fmt.Sprintf("merge: a parameter with a default has no value: %v", err))
	}
	return v.Inputs[0]["scale"]
}

// add puts a tensor into the result under name and reports whether it is scaled.
func (p *planner) add(from *checkpoint, t sourceTensor, name string, scale float64) bool {
	op := operation{From: t.DType, Work: t.DType, Out: t.DType, Scale: 1}
	switch {
	case from.fixed(t):
		if scale != 1 && p.unscalable == "" {
			p.unscalable = t.Name
		}
	case number.IsFloat(t.DType):
		op.Scale = scale
		if p.recipe.DType != "" {
			op.Work, op.Out = p.recipe.DType, p.recipe.DType
		}
		if p.recipe.OutDType != "" {
			op.Out = p.recipe.OutDType
		}
	}
	o := output{Tensor: safetensors.Tensor{Name: name, DType: op.Out, Shape: t.Shape}, from: from, src: t, op: op}
	o.entry = safetensors.EntrySize(o.Tensor)
	p.outputs = append(p.outputs, o)
	return op.Scale != 1
}

// untie gives the result a head of its own when its config has one but the last
// slice's model ties the head to its embeddings: the head is then that
// model's embedding matrix.
func (p *planner) untie(prefix string, s *recipe.Slice) {
	if p.first() == p.last() {
		return
	}
	if p.sharesHead() {
		p.warn(s.Pos, "%q and %q have no head of their own: one matrix is embeddings and head of the result, and it comes from the first", p.first().ref.Name, p.last().ref.Name)
		return
	}
	have := func(c *checkpoint, name string) bool { _, ok := c.byName[name]; return ok }
	for _, t := range p.first().loose {
		if !isHead(t.Name) || have(p.last(), t.Name) || tied(p.base()) {
			continue
		}
		for _, e := range p.last().loose {
			if !afterLayers(prefix, e.Name) && slices.Equal(e.Shape, t.Shape) && strings.Contains(e.Name, "emb") {
				p.warn(s.Pos, "%q ties its head to its embeddings; %s becomes a copy of its %s", p.last().ref.Name, t.Name, e.Name)
				p.add(p.last(), e, t.Name, p.scaleOf(s, t.Name, 0))
				break
			}
		}
	}
}

// sharesHead reports whether the first and the last slice's models, which write
// text, both use their embeddings as head.
func (p *planner) sharesHead() bool {
	for _, c := range []*checkpoint{p.first(), p.last()} {
		ownHead := func(t sourceTensor) bool {
			module, _, _ := strings.Cut(t.Name, ".")
			return isHead(t.Name) || slices.Contains([]string{"head", "proj_out", "to_logits"}, module) || strings.Contains(t.Name, "output_projection")
		}
		if slices.ContainsFunc(c.loose, ownHead) {
			return false
		}
	}
	v := p.base().config.Root.Get("architectures")
	return v != nil && slices.ContainsFunc(v.Vals, func(a *jsontext.Value) bool {
		return strings.HasSuffix(a.Str, "ForCausalLM") || strings.HasSuffix(a.Str, "LMHeadModel") || strings.HasSuffix(a.Str, "ForConditionalGeneration")
	})
}

// checkOutputs refuses what can not be made: a quantised weight multiplied, a
// name that two tensors claim.
func (p *planner) checkOutputs() error {
	if p.unscalable != "" {
		return p.recipe.Errorf(recipe.Pos{}, "%s is quantised, and can not be multiplied: scale has to leave it out", p.unscalable)
	}
	seen := make(map[string]bool, len(p.outputs))
	for _, o := range p.outputs {
		if seen[o.Name] {
			return o.from.fail("", "two tensors of the result would be named "+o.Name, nil)
		}
		seen[o.Name] = true
	}
	return nil
}
