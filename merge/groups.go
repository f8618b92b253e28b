package merge

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"longcat/merge/method"
	"longcat/merge/number"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// gatherGroups lists the tensors of a result that is computed: for each name
// that the inputs have, what their tensors are merged into.
func (p *planner) gatherGroups(ctx context.Context) error {
	if err := p.checkOutside(); err != nil {
		return err
	}
	prefix := p.base().depth.stack.Prefix
	first, last := &p.recipe.Slices[0], &p.recipe.Slices[len(p.recipe.Slices)-1]
	err := p.looseGroups(ctx, first, func(name string) bool { return !afterLayers(prefix, name) })
	if err != nil {
		return err
	}
	for i, l := range p.layers {
		if err := p.layerGroups(ctx, &p.recipe.Slices[l.slice], l.inputs, i, l.t); err != nil {
			return err
		}
	}
	if err := p.extraLayers(ctx, last); err != nil {
		return err
	}
	err = p.looseGroups(ctx, last, func(name string) bool { return afterLayers(prefix, name) })
	if err != nil {
		return err
	}
	p.plan.Warnings = append(p.plan.Warnings, p.usage.Unused(p.recipe)...)
	p.drawRandom()
	return p.checkOutputs()
}

// inputs are the models of a slice.
func (p *planner) inputs(s *recipe.Slice) []*checkpoint {
	list := make([]*checkpoint, len(s.Inputs))
	for i, in := range s.Inputs {
		list[i] = p.models[in.Model.String()]
	}
	return list
}

// looseGroups adds the tensors outside the layers that want accepts.
func (p *planner) looseGroups(ctx context.Context, s *recipe.Slice, want func(string) bool) error {
	models := p.inputs(s)
	seen := map[string]bool{}
	for _, c := range models {
		for _, t := range c.loose {
			if seen[t.Name] || !want(t.Name) {
				continue
			}
			seen[t.Name] = true
			group := make([]member, len(models))
			for i, c := range models {
				group[i] = member{c, t.Name, c.find(t.Name)}
			}
			if err := p.addGroup(ctx, s, t.Name, group, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// find is a tensor of the model, or what stands in for it: embeddings for a head
// that is tied to them. nil if there is none.
func (c *checkpoint) find(name string) *sourceTensor {
	if t, ok := c.byName[name]; ok {
		return &t
	}
	if isHead(name) && strings.HasSuffix(name, ".weight") {
		for _, t := range c.loose {
			if strings.HasSuffix(t.Name, "embed_tokens.weight") || strings.HasSuffix(t.Name, "wte.weight") || strings.HasSuffix(t.Name, "embed_in.weight") {
				return &t
			}
		}
	}
	return nil
}

// layerGroups adds the tensors of the result's layer number to.
func (p *planner) layerGroups(ctx context.Context, s *recipe.Slice, layers []layerOf, to int, t float64) error {
	seen := map[string]bool{}
	for _, l := range layers {
		for _, x := range l.from.layers[l.layer] {
			if seen[x.rest] {
				continue
			}
			seen[x.rest] = true
			group := make([]member, len(layers))
			for i, l := range layers {
				group[i] = member{from: l.from, name: layerName(l.from.depth.stack.Prefix, l.layer, x.rest)}
				if k := slices.IndexFunc(l.from.layers[l.layer], func(y sourceTensor) bool { return y.rest == x.rest }); k >= 0 {
					group[i].src = &l.from.layers[l.layer][k]
				}
			}
			if err := p.addGroup(ctx, s, layerName(p.base().depth.stack.Prefix, to, x.rest), group, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// extraLayers merges the layers beyond the config's count, which belong to the
// end of the model and keep their distance from it.
func (p *planner) extraLayers(ctx context.Context, s *recipe.Slice) error {
	models := p.inputs(s)
	extra := 0
	for _, c := range models {
		extra = max(extra, len(c.layers)-c.depth.layers)
	}
	for i := range extra {
		layers := make([]layerOf, len(models))
		for k, c := range models {
			layers[k] = layerOf{c, c.depth.layers + i}
			if layers[k].layer >= len(c.layers) {
				return p.mismatch(namedAt(s, c), c, "it lacks the layers after the last one that other models have")
			}
		}
		if err := p.layerGroups(ctx, s, layers, len(p.layers)+i, 1); err != nil {
			return err
		}
	}
	return nil
}

// addGroup adds the tensor that the group is merged into.
func (p *planner) addGroup(ctx context.Context, s *recipe.Slice, name string, group []member, t float64) error {
	first := group[slices.IndexFunc(group, func(m member) bool { return m.src != nil })]
	for _, m := range group {
		switch {
		case m.src == nil && isBuffer(name):
		case m.src == nil:
			return m.from.fail("", fmt.Sprintf("has no %s, which %q has: there is nothing to merge it with", m.name, first.from.ref.Name), nil)
		case !slices.Equal(m.src.Shape, first.src.Shape) && !p.rearranges(name, m, first):
			return p.shapesDiffer(s, first, m)
		case m.from.fixed(*m.src):
			return m.from.fail("", fmt.Sprintf("%s is quantised, and codes can not be computed with", m.name), nil)
		}
	}
	if isBuffer(name) || !number.IsFloat(first.src.DType) {
		return p.addEqual(ctx, s, name, group, first)
	}
	return p.addComputed(s, name, group, t)
}

// rearranges reports whether the rows of two models' tensors are those of tokens,
// which the result has in another order.
func (p *planner) rearranges(name string, a, b member) bool {
	return p.vocabulary != nil && ofVocabulary(name) && len(a.src.Shape) > 0 && len(a.src.Shape) == len(b.src.Shape) && slices.Equal(a.src.Shape[1:], b.src.Shape[1:])
}

// shapesDiffer is an error about tensors that can not be merged.
func (p *planner) shapesDiffer(s *recipe.Slice, a, b member) error {
	e := p.recipe.Errorf(namedAt(s, b.from), "%s of %q has shape %v, %s of %q %v: only equal shapes can be merged", a.src.Name, a.from.ref.Name, a.src.Shape, b.src.Name, b.from.ref.Name, b.src.Shape)
	if len(a.src.Shape) == 2 && len(b.src.Shape) == 2 && a.src.Shape[1] == b.src.Shape[1] && strings.Contains(a.src.Name, "embed") {
		e = p.recipe.Errorf(namedAt(s, b.from), "the vocabularies of %q and %q differ: %d and %d rows of %s", a.from.ref.Name, b.from.ref.Name, a.src.Shape[0], b.src.Shape[0], a.src.Name)
	}
	return e
}

// maxEqual is the most bytes of a tensor that are read to hold it against
// another.
const maxEqual = 16 << 20

// addEqual adds a tensor that is copied: one that holds no numbers to compute
// with, and must be the same in all models, or one that models make anew.
func (p *planner) addEqual(ctx context.Context, s *recipe.Slice, name string, group []member, first member) error {
	for _, m := range group {
		if m.src == nil || isBuffer(name) || m.from == first.from {
			continue
		}
		same := m.src.DType == first.src.DType && m.src.Size() <= maxEqual
		if same {
			a, err := first.from.content(ctx, *first.src)
			if err != nil {
				return err
			}
			b, err := m.from.content(ctx, *m.src)
			if err != nil {
				return err
			}
			if same, err = equalContent(a, b); err != nil {
				return fmt.Errorf("comparing %s of %q and %q: %w", m.src.Name, first.from.ref.Name, m.from.ref.Name, err)
			}
		}
		if !same {
			return p.recipe.Errorf(namedAt(s, m.from), "%s is %s, which can not be computed with, and differs between %q and %q", m.src.Name, m.src.DType, first.from.ref.Name, m.from.ref.Name)
		}
	}
	p.add(first.from, *first.src, name, 1)
	return nil
}

// content is a tensor's bytes.
func (c *checkpoint) content(ctx context.Context, t sourceTensor) (*io.SectionReader, error) {
	shard := c.shards[t.file]
	f, err := c.model.Open(ctx, shard.path)
	if err != nil {
		return nil, c.fail(shard.path, "", err)
	}
	return io.NewSectionReader(f, shard.header.Data+t.Begin, t.Size()), nil
}

// addComputed adds a tensor that the method computes.
func (p *planner) addComputed(s *recipe.Slice, name string, group []member, t float64) error {
	names := make([]string, len(group))
	types := make([]safetensors.DType, len(group))
	for i, m := range group {
		names[i], types[i] = m.name, m.src.DType
	}
	values, err := p.usage.Values(s, name, names, t)
	if err != nil {
		return err
	}
	c := &computation{
		Method: p.recipe.Method.Name, Tensor: name, Shape: group[0].src.Shape, Base: s.BaseInput(), Params: values.Tensor,
		DType: cmp.Or(p.recipe.DType, method.Promote(types...)), Precise: p.opts.Precise,
	}
	c.Out = cmp.Or(p.recipe.OutDType, c.DType)
	for i, m := range group {
		in := m.from.operand(m.src)
		in.Params = values.Inputs[i]
		c.Inputs = append(c.Inputs, in)
	}
	if p.rearranges(name, group[0], group[0]) {
		if err := p.rearrange(s, c, group); err != nil {
			return err
		}
	}
	o := output{Tensor: safetensors.Tensor{Name: name, DType: c.Out, Shape: c.Shape}, from: group[0].from, src: *group[0].src, compute: c, inputs: group, label: slices.Max(names)}
	o.entry = safetensors.EntrySize(o.Tensor)
	p.outputs = append(p.outputs, o)
	return nil
}

// rearrange puts the rows of a tensor's inputs where the result's tokenizer wants
// them.
func (p *planner) rearrange(s *recipe.Slice, c *computation, group []member) error {
	base := -1
	if s.Base != nil {
		base = slices.IndexFunc(group, func(m member) bool { return m.from.ref.Name == s.Base.String() })
	}
	for i, m := range group {
		runs, err := p.vocabulary.arrange(p, group, base, i)
		if err != nil {
			return err
		}
		c.Inputs[i].Runs, c.Inputs[i].Rows = runs, m.src.Shape[0]
	}
	c.Shape = append([]int64{p.vocabulary.rows}, c.Shape[1:]...)
	return nil
}

// drawRandom gives each tensor its place in the sequence of random numbers: as
// in mergekit, tensors draw in the order of the inputs' names.
func (p *planner) drawRandom() {
	order := make([]*output, 0, len(p.outputs))
	for i := range p.outputs {
		if _, ok := p.outputs[i].compute.(*computation); ok {
			order = append(order, &p.outputs[i])
		}
	}
	slices.SortStableFunc(order, func(a, b *output) int { return strings.Compare(a.label, b.label) })
	at, seed := int64(0), seedOf(p.recipe)
	if p.opts.Seed != nil {
		seed = *p.opts.Seed
	}
	random := method.NewRandom(seed)
	for _, o := range order {
		c := o.compute.(*computation)
		n := method.Words(c.Method, c.group())
		if n > 0 {
			c.Seed, c.First, c.random = seed, at, random
			p.plan.Seed = &seed
		}
		at += n
	}
}
