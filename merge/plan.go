package merge

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// Options steer a plan. The zero value works.
type Options struct {
	// ShardSize is the most bytes of one output weight file, 0 meaning
	// DefaultShardSize. A tensor that is larger gets a file of its own.
	ShardSize int64
	// LayerStack is the prefix of the layers that the recipe speaks of, for
	// checkpoints that have several stacks; "" finds it through config.json.
	LayerStack string
	// Seed is that of the random numbers that some methods draw; nil takes one
	// from the recipe, the same for the same text.
	Seed *int64
	// Precise computes in float64 and rounds once, where mergekit rounds the
	// result of every operation.
	Precise bool
	// Explain lists in Plan.Groups what each tensor is made of.
	Explain bool
	// Layout is how tensors are placed in files; SharedBlocks when empty.
	Layout Layout
}

// DefaultShardSize is what transformers and mergekit take.
const DefaultShardSize = 5_000_000_000

// Plan is a merge worked out to the last byte: every output file with its size
// and where its bytes come from. It is a pure function of the recipe and of the
// sources' headers and configs; no weights are read for it.
type Plan struct {
	Base   string   `json:"base"`  // the model that gives config and other files
	Stack  string   `json:"stack"` // prefix of the layers' tensors
	Models []Source `json:"models"`
	Layers []Layer  `json:"layers"` // of the result, in order
	Files  []*File  `json:"files"`  // weights first, then the others by name

	Tensors     int              `json:"tensors"`
	Params      int64            `json:"params"`       // elements in all tensors
	TensorBytes int64            `json:"tensor_bytes"` // bytes of all tensors
	Size        int64            `json:"size"`         // bytes of all files
	Shareable   int64            `json:"shareable"`    // bytes a filesystem with reflinks need not store again
	Warnings    []recipe.Warning `json:"warnings"`

	// Method is the merge method. Seed is that of the random numbers it draws, nil
	// where it draws none.
	Method  string `json:"method"`
	Seed    *int64 `json:"seed,omitempty"`
	Precise bool   `json:"precise,omitempty"`

	// Groups say of each tensor what it is made of, if Options.Explain asked.
	Groups []TensorGroup `json:"groups,omitempty"`

	// Steps are the merges of the same recipe that serve as models, by name.
	Steps map[string]*Plan `json:"steps,omitempty"`
}

// Layer says where a layer of the result comes from.
type Layer struct {
	Model string `json:"model"`
	Layer int    `json:"layer"` // in that model
	// With are the layers of other models that it is merged with.
	With   []LayerSource `json:"with,omitempty"`
	Slice  int           `json:"slice"`            // index into the recipe's slices
	Scaled bool          `json:"scaled,omitempty"` // some of its tensors are multiplied
}

// LayerSource is a layer of a model.
type LayerSource struct {
	Model string `json:"model"`
	Layer int    `json:"layer"`
}

// Source is what a plan takes from one model.
type Source struct {
	recipe.Ref
	Layers int          `json:"layers"` // how many the model has
	Files  []SourceFile `json:"files"`  // those that the merge reads
	Usage  Usage        `json:"usage"`
	Left   []Left       `json:"left,omitempty"` // files that the result does without
}

// Left is a file of a model that the result does without, and why.
type Left struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// SourceFile is a file whose bytes are needed.
type SourceFile struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`
	Bytes int64  `json:"bytes"` // of them that are needed
}

// Reads lists the models whose bytes the merge needs, with the files to fetch
// of each. Merges that are steps of this one are replaced by what they read.
func (p *Plan) Reads() []Source {
	var list []Source
	add := func(s Source) {
		i := slices.IndexFunc(list, func(x Source) bool { return x.Name == s.Name })
		if i < 0 {
			s.Files = slices.Clone(s.Files)
			list = append(list, s)
			return
		}
		for _, f := range s.Files {
			j := slices.IndexFunc(list[i].Files, func(x SourceFile) bool { return x.Path == f.Path })
			if j < 0 {
				list[i].Files = append(list[i].Files, f)
			} else {
				list[i].Files[j].Bytes = max(list[i].Files[j].Bytes, f.Bytes)
			}
		}
	}
	for _, s := range p.Models {
		step, ok := p.Steps[s.Name]
		if !ok {
			add(s)
			continue
		}
		for _, s := range step.Reads() {
			add(s)
		}
	}
	return list
}

// Usage accounts for all tensors of a model: Once + Repeated + the dropped ones
// are its total.
type Usage struct {
	Once     int       `json:"once"`
	Repeated int       `json:"repeated"`
	Dropped  []Dropped `json:"dropped,omitempty"`
}

// Dropped is a tensor that the result does without, and why.
type Dropped struct {
	Tensor string `json:"tensor"`
	Reason string `json:"reason"`
}

// planner is the state of NewPlan.
type planner struct {
	recipe *recipe.Recipe
	opts   Options
	open   Opener
	plan   *Plan

	models  map[string]*checkpoint
	order   []*checkpoint // in the order of first use
	outputs []output      // the result's tensors, in the order of the model
	usage   recipe.Usage  // of the recipe's parameters
	layers  []layerUse

	vocabulary *vocabulary // nil: rows stay where they are

	unscalable string // the first quantised tensor that a scale is asked for
}

// layerUse is a layer of the result.
type layerUse struct {
	from  *checkpoint
	layer int
	slice int
	t     float64 // how far into its slice the layer lies, 0 … 1

	inputs []layerOf // of all models that are merged there, from and layer among them
}

// output is a tensor of the result.
type output struct {
	safetensors.Tensor // name, dtype and shape in the result
	from               *checkpoint
	src                sourceTensor
	op                 operation
	entry              int64 // bound of what it takes in a header

	// Of a tensor that several are merged into; from and src are the first of them.
	compute computing // nil: copied, or changed as op says
	inputs  []member
	label   string // orders the tensors that draw random numbers
}

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

// configSource is the model that gives the result its config: base_model, else
// the first slice's.
func configSource(r *recipe.Recipe) recipe.Ref {
	if r.Base != nil {
		return *r.Base
	}
	return r.Slices[0].Inputs[0].Model
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

// passthrough is the method that computes nothing: layers are stacked.
const passthrough = "passthrough"

func (p *planner) base() *checkpoint { return p.models[configSource(p.recipe).String()] }

// first and last are the models of the first and the last slice: embeddings
// come from the one, final norm and head from the other.
func (p *planner) first() *checkpoint { return p.layers[0].from }
func (p *planner) last() *checkpoint  { return p.layers[len(p.layers)-1].from }

func (p *planner) warn(at recipe.Pos, format string, args ...any) {
	p.plan.Warnings = append(p.plan.Warnings, recipe.Warning{Pos: at, Msg: fmt.Sprintf(format, args...)})
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
