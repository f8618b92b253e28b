package merge

import (
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

// configSource is the model that gives the result its config: base_model, else
// the first slice's.
func configSource(r *recipe.Recipe) recipe.Ref {
	if r.Base != nil {
		return *r.Base
	}
	return r.Slices[0].Inputs[0].Model
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

// layerOf is a layer of a model.
type layerOf struct {
	from  *checkpoint
	layer int
}

// member is one model's tensor in a group of those that are merged into one.
type member struct {
	from *checkpoint
	name string // under which parameters are looked up; src may be used instead of it
	src  *sourceTensor
}
