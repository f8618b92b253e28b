package merge

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"longcat/merge/recipe"
)

// NewPlan works out the merge that r describes. Models are opened by name
// through open; only their config, index and headers are read, and small files
// where models are compared.
//
// What is wrong with the recipe comes as a *recipe.Error with its line, what is
// wrong with a model as a *ModelError or *StackError.
func NewPlan(ctx context.Context, r *recipe.Recipe, open Opener, opts Options) (*Plan, error) {
	if opts.ShardSize <= 0 {
		opts.ShardSize = DefaultShardSize
	}
	steps := map[string]*Plan{}
	return newPlan(ctx, r, withSteps(open, steps), opts, steps, nil)
}

// newPlan plans r after the steps that it uses; within are the steps that are
// being planned.
func newPlan(ctx context.Context, r *recipe.Recipe, open Opener, opts Options, steps map[string]*Plan, within []string) (*Plan, error) {
	if err := supported(r); err != nil {
		return nil, err
	}
	if r.Name != "" {
		within = append(within, r.Name)
	}
	p := &planner{
		recipe: r, opts: opts, open: open, models: map[string]*checkpoint{},
		plan: &Plan{Base: configSource(r).String(), Steps: steps, Warnings: slices.Clone(r.Warnings), Method: r.Method.Name, Precise: opts.Precise && r.Method.Name != passthrough},
	}
	for _, ref := range r.Refs() {
		if slices.Contains(within, ref.Name) {
			return nil, r.Errorf(ref.Pos, "the merge %q needs its own result", ref.Name)
		}
		if step := r.Step(ref.Name); step != nil && steps[ref.Name] == nil {
			sub, err := newPlan(ctx, step, open, opts, steps, within)
			if err != nil {
				return nil, err
			}
			steps[ref.Name] = sub
			p.plan.Seed, p.plan.Precise = cmp.Or(p.plan.Seed, sub.Seed), p.plan.Precise || sub.Precise
		}
		if name := ref.String(); ref.Adapter != nil {
			if steps[name] == nil {
				sub, err := newAdapted(ctx, r, ref, open, opts, steps)
				if err != nil {
					return nil, err
				}
				steps[name] = sub
			}
			ref.Name, ref.Adapter = name, nil
		}
		if err := p.openModel(ctx, ref); err != nil {
			return nil, err
		}
	}
	if err := p.mapLayers(); err != nil {
		return nil, err
	}
	if err := p.openVocabulary(ctx); err != nil {
		return nil, err
	}
	if err := p.compare(ctx); err != nil {
		return nil, err
	}
	gather := p.gatherGroups
	if r.Method.Name == passthrough {
		gather = p.gather
	}
	if err := gather(ctx); err != nil {
		return nil, err
	}
	if p.opts.Explain {
		p.plan.Groups = p.explain()
	}
	if err := p.layOut(); err != nil {
		return nil, err
	}
	if err := p.carry(ctx); err != nil {
		return nil, err
	}
	return p.plan, p.account()
}

func (p *planner) openModel(ctx context.Context, ref recipe.Ref) error {
	m, err := p.open(ref.Name)
	if err != nil {
		return fmt.Errorf("opening model %q: %w", ref.Name, err)
	}
	c, err := openCheckpoint(ctx, ref, m, p.opts.LayerStack)
	if err != nil {
		return err
	}
	for _, note := range c.notes {
		p.warn(ref.Pos, "%s", note)
	}
	p.models[ref.Name] = c
	p.order = append(p.order, c)
	return nil
}

// mapLayers checks the slices' ranges and lists the result's layers.
func (p *planner) mapLayers() error {
	for i := range p.recipe.Slices {
		s := &p.recipe.Slices[i]
		starts, n, err := p.ranges(s)
		if err != nil {
			return err
		}
		for l := range n {
			use := layerUse{slice: i, t: 1} // of a slice with a single layer, as mergekit has it
			if n > 1 {
				use.t = float64(l) / float64(n-1)
			}
			for k, in := range s.Inputs {
				use.inputs = append(use.inputs, layerOf{p.models[in.Model.String()], starts[k] + l})
			}
			use.from, use.layer = use.inputs[0].from, use.inputs[0].layer
			p.layers = append(p.layers, use)
		}
	}
	p.plan.Stack = p.base().depth.stack.Prefix
	for _, l := range p.layers {
		layer := Layer{Model: l.from.ref.Name, Layer: l.layer, Slice: l.slice}
		for _, in := range l.inputs[1:] {
			layer.With = append(layer.With, LayerSource{in.from.ref.Name, in.layer})
		}
		p.plan.Layers = append(p.plan.Layers, layer)
	}
	return nil
}

// ranges says with which layer each input of a slice begins, and how many there
// are: equally many of each.
func (p *planner) ranges(s *recipe.Slice) (starts []int, n int, err error) {
	for i, in := range s.Inputs {
		c := p.models[in.Model.String()]
		from, to := in.From, in.To
		if in.All {
			to = c.depth.layers
		}
		if to > c.depth.layers {
			return nil, 0, p.recipe.Errorf(in.Range, "layer_range [%d, %d] goes past the end of %q, which has %d layers (0 to %d)", from, to, in.Model.Name, c.depth.layers, c.depth.layers-1)
		}
		if i > 0 && to-from != n {
			return nil, 0, p.recipe.Errorf(in.Pos, "%q has %d layers, %q %d: only equally many can be merged", s.Inputs[0].Model.Name, n, in.Model.Name, to-from)
		}
		n = to - from
		starts = append(starts, from)
	}
	return starts, n, nil
}
