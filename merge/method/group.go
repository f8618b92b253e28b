package method

import (
	"io"

	"longcat/merge/safetensors"
)

// Params are values of a method's parameters at one tensor. A flag is 0 or 1.
type Params map[string]float64

// Input is one model's tensor.
type Input struct {
	Bytes  io.ReaderAt // its elements; concurrent reads must be safe
	DType  safetensors.DType
	Params Params // that hold for this model alone
}

// Group is what one tensor of the result is computed from.
type Group struct {
	Name   string // in errors
	Shape  []int64
	Inputs []Input // in the recipe's order
	Base   int     // index of the base model's input, -1 without one
	Params Params  // that all models share
	// DType is what the inputs are rounded to and computed in; "" promotes
	// theirs.
	DType safetensors.DType
	// Out is the result's, "" meaning that of the computation.
	Out safetensors.DType
	// Precise computes in float64 and rounds once.
	Precise bool
	// Random draws the masks of the methods that need some, this tensor's from
	// the word First on.
	Random *Random
	First  int64
}

// Tensor is a tensor of the result. ReadAt computes its bytes; reads may start
// anywhere, even inside an element, and run concurrently.
type Tensor struct {
	io.ReaderAt
	DType safetensors.DType
	Shape []int64
}

// Size is the number of bytes.
func (t *Tensor) Size() int64 {
	n, _ := t.DType.Bytes(t.Shape)
	return n
}

// Promote is the dtype in which tensors of several dtypes are computed: equal
// ones stay, float64 wins, every other mixture gives float32.
func Promote(types ...safetensors.DType) safetensors.DType {
	out := types[0]
	for _, t := range types[1:] {
		switch {
		case t == out:
		case t == safetensors.F64 || out == safetensors.F64:
			out = safetensors.F64
		default:
			out = safetensors.F32
		}
	}
	return out
}
