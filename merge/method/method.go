// Package method computes merged tensors: each merge method of mergekit, over
// tensors that are read in blocks and never held whole.
//
// A Group is what a method gets: one tensor of each model, with the parameters
// that hold for it. New turns it into a Tensor, whose bytes can be read anywhere
// and concurrently. What a method must know of a tensor as a whole (sums, norms,
// thresholds, where random numbers begin) it finds in passes of its own before
// the first block, and remembers.
//
// There are two ways to round. By default every operation's result is rounded to
// the dtype of the computation, as mergekit's are, so that the bytes are
// mergekit's wherever its own result is determined. A precise group is computed
// in float64 and rounded once. The methods are written once for both: see arith.
//
// A new method is one file and one line of the table below.
package method

import (
	"fmt"
	"slices"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// method is an entry of the table: how a tensor is prepared, in float32 and in
// float64.
type method struct {
	name string
	f32  prepare[float32]
	f64  prepare[float64]
}

var methods = []method{
	{"arcee_fusion", arceeFusion[float32], arceeFusion[float64]},
	{"breadcrumbs", breadcrumbs[float32], breadcrumbs[float64]},
	{"breadcrumbs_ties", breadcrumbsTies[float32], breadcrumbsTies[float64]},
	{"dare_linear", dareLinear[float32], dareLinear[float64]},
	{"dare_ties", dareTies[float32], dareTies[float64]},
	{"della", della[float32], della[float64]},
	{"della_linear", dellaLinear[float32], dellaLinear[float64]},
	{"karcher", karcher[float32], karcher[float64]},
	{"linear", linear[float32], linear[float64]},
	{"model_stock", modelStock[float32], modelStock[float64]},
	{"multislerp", multislerp[float32], multislerp[float64]},
	{"nearswap", nearswap[float32], nearswap[float64]},
	{"nuslerp", nuslerp[float32], nuslerp[float64]},
	{"passthrough", passthrough[float32], passthrough[float64]},
	{"ram", ram[float32], ram[float64]},
	{"ramplus_tl", ramPlus[float32], ramPlus[float64]},
	{"sce", sce[float32], sce[float64]},
	{"slerp", slerp[float32], slerp[float64]},
	{"task_arithmetic", taskArithmetic[float32], taskArithmetic[float64]},
	{"ties", ties[float32], ties[float64]},
}

// Names lists the methods.
func Names() []string {
	var names []string
	for _, m := range methods {
		names = append(names, m.name)
	}
	return names
}

// Words is how many random words the named method draws for a tensor.
func Words(name string, g Group) int64 {
	draws := drawing[name]
	if draws == nil {
		return 0
	}
	n := int64(0)
	for i, in := range g.Inputs {
		if i != g.Base && draws(in.Params["density"]) {
			n++
		}
	}
	for _, d := range g.Shape {
		n *= d
	}
	return n
}

// New makes the tensor that the named method computes from the group, which must
// have the models and parameters that the method needs (package recipe knows
// them). Nothing is read before the first ReadAt.
func New(name string, g Group) (*Tensor, error) {
	i := slices.IndexFunc(methods, func(m method) bool { return m.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no merge method %q", name)
	}
	if len(g.Inputs) == 0 || g.Base >= len(g.Inputs) {
		return nil, fmt.Errorf("tensor %q: base %d of %d inputs", g.Name, g.Base, len(g.Inputs))
	}
	if g.DType == "" {
		types := make([]safetensors.DType, len(g.Inputs))
		for i, in := range g.Inputs {
			types[i] = in.DType
		}
		g.DType = Promote(types...)
	}
	if g.Out == "" {
		g.Out = g.DType
	}
	for _, d := range []safetensors.DType{g.DType, g.Out} {
		if !number.IsFloat(d) {
			return nil, fmt.Errorf("tensor %q: %s holds no numbers to compute with", g.Name, d)
		}
	}
	if _, ok := safetensors.F64.Bytes(g.Shape); !ok {
		return nil, fmt.Errorf("tensor %q: invalid shape %v", g.Name, g.Shape)
	}
	t := &Tensor{DType: g.Out, Shape: g.Shape}
	if g.Precise || g.DType == safetensors.F64 {
		t.ReaderAt = newTensor(g, methods[i].f64)
	} else {
		t.ReaderAt = newTensor(g, methods[i].f32)
	}
	return t, nil
}
