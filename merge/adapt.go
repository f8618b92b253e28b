package merge

import (
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"longcat/internal/limits"
	"longcat/merge/lora"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// adaptation is a tensor into which a LoRA adapter is merged.
type adaptation struct {
	Weight     operand  `json:"weight"`
	Shape      []int64  `json:"shape"`
	A          operand  `json:"a"`
	B          operand  `json:"b"`
	Magnitude  *operand `json:"magnitude,omitempty"`
	Rank       int64    `json:"rank"`
	Scale      float64  `json:"scale"`
	Transposed bool     `json:"transposed,omitempty"`

	factors *lora.Factors // of all tensors with the adapter
}

// adapted is such a tensor's content.
type adapted struct {
	*lora.Update
	sources []io.ReaderAt
}

// Sources implements parts.Computed.
func (a *adapted) Sources() []io.ReaderAt { return a.sources }

// open implements computing.
func (a *adaptation) open(source opener) (io.ReaderAt, error) {
	out := &adapted{Update: &lora.Update{Scale: a.Scale, Transposed: a.Transposed, Factors: a.factors}}
	matrix := func(o operand, rows, cols int64) (m lora.Matrix, err error) {
		size, _ := o.DType.Bytes([]int64{rows, cols})
		r, err := source(o.Model, o.File, o.Offset, size)
		out.sources = append(out.sources, r)
		return lora.Matrix{Bytes: r, DType: o.DType, Rows: rows, Cols: cols}, err
	}
	rows, cols := a.Shape[0], a.Shape[1]
	var err error
	if out.Weight, err = matrix(a.Weight, rows, cols); err != nil {
		return nil, err
	}
	if a.Transposed {
		rows, cols = cols, rows
	}
	if out.A, err = matrix(a.A, a.Rank, cols); err != nil {
		return nil, err
	}
	if out.B, err = matrix(a.B, rows, a.Rank); err != nil {
		return nil, err
	}
	if a.Magnitude != nil {
		m, err := matrix(*a.Magnitude, rows, 1)
		out.Magnitude = &m
		return out, err
	}
	return out, nil
}

// adapter is a LoRA adapter whose config and header have been read.
type adapter struct {
	*checkpoint // its file and tensors
	config      *lora.Config
	used        map[string]bool
	factors     *lora.Factors
}

func (p *planner) openAdapter(ctx context.Context, ref recipe.Ref) (*adapter, error) {
	m, err := p.open(ref.Name)
	if err != nil {
		return nil, fmt.Errorf("opening adapter %q: %w", ref.Name, err)
	}
	c := &checkpoint{ref: ref, model: m, names: m.Files(), byName: map[string]sourceTensor{}}
	a := &adapter{checkpoint: c, used: map[string]bool{}, factors: &lora.Factors{}}
	text, err := c.readFile(ctx, lora.ConfigFile, limits.Config)
	if err != nil {
		return nil, c.fail(lora.ConfigFile, "an adapter needs one", err)
	}
	if a.config, err = lora.ParseConfig(text); err != nil {
		return nil, c.fail(lora.ConfigFile, "", err)
	}
	s, err := c.readHeader(ctx, lora.WeightsFile)
	if err != nil {
		return nil, err
	}
	c.shards = []shard{s}
	for _, t := range s.header.Tensors {
		c.byName[t.Name] = sourceTensor{Tensor: t}
	}
	return a, nil
}

// take finds a tensor of the adapter, nil if there is none.
func (a *adapter) take(name string) *sourceTensor {
	t, ok := a.byName[name]
	if !ok {
		return nil
	}
	a.used[name] = true
	return &t
}

// operand is a tensor of a checkpoint as a computation names it.
func (c *checkpoint) operand(t *sourceTensor) operand {
	s := c.shards[t.file]
	return operand{Model: c.ref.Name, File: s.path, Offset: s.header.Data + t.Begin, DType: t.DType}
}

// newAdapted plans the model ref with its adapter merged into it: its own files,
// with some tensors computed.
func newAdapted(ctx context.Context, r *recipe.Recipe, ref recipe.Ref, open Opener, opts Options, steps map[string]*Plan) (*Plan, error) {
	base := ref
	base.Adapter = nil
	p := &planner{
		recipe: r, opts: opts, open: open, models: map[string]*checkpoint{},
		plan: &Plan{Base: base.Name, Steps: steps, Method: passthrough},
	}
	if err := p.openModel(ctx, base); err != nil {
		return nil, err
	}
	c := p.order[0]
	a, err := p.openAdapter(ctx, *ref.Adapter)
	if err != nil {
		return nil, err
	}
	p.order = append(p.order, a.checkpoint)
	p.plan.Stack = c.depth.stack.Prefix
	for _, t := range c.tensors() {
		o, err := a.adapt(c, t)
		if err != nil {
			return nil, err
		}
		o.entry = safetensors.EntrySize(o.Tensor)
		p.outputs = append(p.outputs, o)
	}
	for _, t := range a.shards[0].header.Tensors {
		if !a.used[t.Name] {
			return nil, a.fail(lora.WeightsFile, fmt.Sprintf("%q has nothing to which %s could be applied", c.ref.Name, t.Name), nil)
		}
	}
	if err := p.layOut(); err != nil {
		return nil, err
	}
	if err := p.carryAdapted(ctx, c); err != nil {
		return nil, err
	}
	return p.plan, p.account()
}

// adapt is a tensor of the model with what the adapter says of it.
func (a *adapter) adapt(c *checkpoint, t sourceTensor) (output, error) {
	o := output{Tensor: safetensors.Tensor{Name: t.Name, DType: t.DType, Shape: t.Shape}, from: c, src: t, op: operation{From: t.DType, Work: t.DType, Out: t.DType, Scale: 1}}
	const prefix = "base_model.model."
	if saved := a.take(prefix + t.Name); saved != nil {
		if !slices.Equal(saved.Shape, t.Shape) {
			return o, a.fail(lora.WeightsFile, fmt.Sprintf("%s has shape %v, in %q %v", saved.Name, saved.Shape, c.ref.Name, t.Shape), nil)
		}
		o.from, o.src = a.checkpoint, *saved
		o.op.From = saved.DType
		return o, nil
	}
	module, ok := strings.CutSuffix(t.Name, ".weight")
	if !ok {
		return o, nil
	}
	module = prefix + module
	A, B, embedding := a.take(module+".lora_A.weight"), a.take(module+".lora_B.weight"), false
	if A == nil && B == nil {
		A, B, embedding = a.take(module+".lora_embedding_A"), a.take(module+".lora_embedding_B"), true
	}
	if A == nil && B == nil {
		return o, nil
	}
	bad := func(why string) error {
		return a.fail(lora.WeightsFile, fmt.Sprintf("%s of %q can not be adapted: %s", t.Name, c.ref.Name, why), nil)
	}
	if A == nil || B == nil || len(t.Shape) != 2 || len(A.Shape) != 2 || len(B.Shape) != 2 {
		return o, bad("it takes two factors, all of two axes")
	}
	if c.quantised() {
		return o, bad("the model is quantised")
	}
	change := &adaptation{
		Weight: c.operand(&t), Shape: t.Shape, A: a.operand(A), B: a.operand(B), Rank: A.Shape[0],
		Transposed: a.config.FanInFanOut || embedding, factors: a.factors,
	}
	change.Scale = a.config.Scale(strings.TrimPrefix(module, prefix), change.Rank)
	rows, cols := t.Shape[0], t.Shape[1]
	if change.Transposed {
		rows, cols = cols, rows
	}
	if A.Shape[1] != cols || B.Shape[0] != rows || B.Shape[1] != A.Shape[0] || change.Rank == 0 {
		return o, bad(fmt.Sprintf("it has shape %v, the factors %v and %v", t.Shape, A.Shape, B.Shape))
	}
	o.inputs = []member{{c, t.Name, &t}, {a.checkpoint, A.Name, A}, {a.checkpoint, B.Name, B}}
	if a.config.DoRA {
		m := a.take(module + ".lora_magnitude_vector")
		if m == nil || m.Elements() != rows || change.Transposed {
			return o, bad("DoRA needs a magnitude for each row")
		}
		magnitude := a.operand(m)
		change.Magnitude = &magnitude
		o.inputs = append(o.inputs, member{a.checkpoint, m.Name, m})
	}
	o.compute = change
	return o, nil
}

// carryAdapted adds the model's other files.
func (p *planner) carryAdapted(ctx context.Context, c *checkpoint) error {
	if weights := p.plan.Files; len(weights) > 1 {
		f := &File{Path: indexFile}
		text := p.index()
		f.add(piece{Size: int64(len(text)), literal: text})
		p.plan.Files = append(p.plan.Files, f)
	}
	for _, name := range c.names {
		if IsWeights(name) || path.Base(name) == indexFile {
			continue
		}
		content, err := c.model.Open(ctx, name)
		if err != nil {
			return c.fail(name, "", err)
		}
		f := &File{Path: name}
		f.add(piece{Size: content.Size(), Model: c.ref.Name, File: name})
		p.plan.Files = append(p.plan.Files, f)
	}
	for _, f := range p.plan.Files {
		f.steps = p.plan.Steps
		p.plan.Size += f.Size
	}
	return nil
}
