package merge

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"longcat/merge/method"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// computation is what a tensor of the result is computed from, by package
// method.
type computation struct {
	Method string            `json:"method"`
	Tensor string            `json:"tensor"` // in the result
	Shape  []int64           `json:"shape"`
	Inputs []operand         `json:"inputs"`
	Base   int               `json:"base"` // index of the base model's, or -1
	Params method.Params     `json:"params"`
	DType  safetensors.DType `json:"dtype"` // of the computation
	Out    safetensors.DType `json:"out"`

	Precise bool  `json:"precise,omitempty"`
	Seed    int64 `json:"seed,omitempty"`
	First   int64 `json:"first,omitempty"` // random word of the tensor

	random *method.Random // of all tensors with the seed
}

// operand is one model's tensor.
type operand struct {
	Model  string            `json:"model"`
	File   string            `json:"file"`
	Offset int64             `json:"offset"`
	DType  safetensors.DType `json:"dtype"`
	Params method.Params     `json:"params"`

	// Runs say where the rows come from, of a matrix whose rows are rearranged
	// for another tokenizer; Rows is how many it has before.
	Runs []rowRun `json:"runs,omitempty"`
	Rows int64    `json:"rows,omitempty"`
}

// merged is a tensor of the result that is computed.
type merged struct {
	*method.Tensor
	sources []io.ReaderAt
	models  []string // of the inputs
}

// ReadAt implements io.ReaderAt. A model whose numbers are none is named.
func (m *merged) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.Tensor.ReadAt(p, off)
	if e, ok := errors.AsType[*method.NotFiniteError](err); ok {
		return n, &ModelError{Model: m.models[e.Input], Msg: e.Error()}
	}
	return n, err
}

// Sources implements parts.Computed.
func (m *merged) Sources() []io.ReaderAt { return m.sources }

// open implements computing.
func (c *computation) open(source opener) (io.ReaderAt, error) {
	m := &merged{}
	g := c.group()
	matrices := make([]matrixSource, len(c.Inputs))
	for i, in := range c.Inputs {
		shape := c.Shape
		if in.Runs != nil {
			shape = append([]int64{in.Rows}, c.Shape[1:]...)
		}
		size, _ := in.DType.Bytes(shape)
		r, err := source(in.Model, in.File, in.Offset, size)
		if err != nil {
			return nil, err
		}
		g.Inputs[i].Bytes = r
		matrices[i] = matrixSource{r, in.DType}
		m.sources = append(m.sources, r)
		m.models = append(m.models, in.Model)
	}
	for i, in := range c.Inputs {
		if in.Runs != nil {
			g.Inputs[i].Bytes = newRearranged(in.Runs, safetensors.Tensor{Shape: c.Shape[1:]}.Elements(), c.DType, matrices)
		}
	}
	var err error
	if m.Tensor, err = method.New(c.Method, g); err != nil {
		return nil, fmt.Errorf("computing with %s: %w", c.Method, err)
	}
	return m, nil
}

// group is the computation as package method takes it, without the bytes.
func (c *computation) group() method.Group {
	g := method.Group{
		Name: c.Tensor, Shape: c.Shape, Base: c.Base, Params: c.Params, DType: c.DType, Out: c.Out,
		Precise: c.Precise, Random: c.random, First: c.First,
	}
	for _, in := range c.Inputs {
		kind := in.DType
		if in.Runs != nil { // rows of several models, in one type
			kind = c.DType
		}
		g.Inputs = append(g.Inputs, method.Input{DType: kind, Params: in.Params})
	}
	return g
}

// seedOf is the seed of a recipe that is given none: the same for the same text.
func seedOf(r *recipe.Recipe) int64 {
	sum := sha256.Sum256(r.Text)
	return int64(binary.LittleEndian.Uint32(sum[:]))
}
