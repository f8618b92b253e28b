package merge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"longcat/merge/method"
	"longcat/merge/safetensors"
)

// TensorGroup is tensors of the result that are made in the same way: of all
// layers in a row of which that is so.
type TensorGroup struct {
	Tensors string             `json:"tensors"` // a name, with a range such as 0–31 for the layer
	Count   int                `json:"count"`
	Method  string             `json:"method"` // "copy", "convert", "scale", "adapter", or the merge method
	Inputs  []GroupInput       `json:"inputs"`
	Params  map[string]float64 `json:"params,omitempty"` // that all inputs share
	Shape   []int64            `json:"shape"`
	DType   safetensors.DType  `json:"dtype"`
	Read    int64              `json:"read"`    // bytes
	Written int64              `json:"written"` // bytes
}

// GroupInput is a model whose tensor is taken, with its own parameters.
type GroupInput struct {
	Model  string             `json:"model"`
	Params map[string]float64 `json:"params,omitempty"`
}

// explained is a tensor's group before it is known how many are like it.
type explained struct {
	TensorGroup
	layers []int  // of its tensors, -1 for one outside the layers
	prefix string // what the name has before the layer, …
	rest   string // … and behind
}

// explain says of the tensors, in the order of the model, what each is made of.
func (p *planner) explain() []TensorGroup {
	var list []*explained
	open := map[string]*explained{}
	for _, o := range p.outputs {
		e := o.explain()
		e.prefix, e.rest = o.Name, ""
		layer := -1
		if prefix, n, rest, ok := splitLayer(o.Name); ok {
			e.prefix, layer, e.rest = prefix, n, rest
		}
		same, err := json.Marshal([]any{e.Method, e.Inputs, e.Params, e.Shape, e.DType, e.prefix, e.rest})
		if err != nil {
			panic(fmt.Sprintf("merge: describing %s: %v", o.Name, err)) // words and finite numbers always encode
		}
		g := open[string(same)]
		if g == nil {
			g, open[string(same)] = e, e
			list = append(list, e)
		} else {
			g.Count, g.Read, g.Written = g.Count+1, g.Read+e.Read, g.Written+e.Written
		}
		g.layers = append(g.layers, layer)
	}
	groups := make([]TensorGroup, len(list))
	for i, g := range list {
		if g.layers[0] >= 0 {
			g.Tensors = strings.TrimPrefix(g.prefix+"."+ranges(g.layers)+g.rest, ".")
		}
		groups[i] = g.TensorGroup
	}
	return groups
}

// explain says of one tensor what it is made of.
func (o *output) explain() *explained {
	written, _ := o.DType.Bytes(o.Shape)
	g := TensorGroup{Tensors: o.Name, Count: 1, Shape: o.Shape, DType: o.DType, Written: written, Read: o.src.Size()}
	switch c := o.compute.(type) {
	case *computation:
		g.Method, g.Params, g.Read = c.Method, c.Params, 0
		for i, in := range c.Inputs {
			g.Inputs = append(g.Inputs, GroupInput{in.Model, in.Params})
			g.Read += o.inputs[i].src.Size()
		}
	case *adaptation:
		g.Method, g.Read = "adapter", 0
		for _, m := range o.inputs {
			g.Read += m.src.Size()
			if i := len(g.Inputs); i == 0 || g.Inputs[i-1].Model != m.from.ref.Name {
				g.Inputs = append(g.Inputs, GroupInput{Model: m.from.ref.Name})
			}
		}
	default:
		g.Method = "copy"
		g.Inputs = []GroupInput{{Model: o.from.ref.Name}}
		switch {
		case o.op.Scale != 1:
			g.Method, g.Inputs[0].Params = "scale", method.Params{"scale": o.op.Scale}
		case !o.op.identity():
			g.Method = "convert"
		}
	}
	return &explained{TensorGroup: g}
}

// ranges writes numbers as runs: 0–31, 40.
func ranges(list []int) string {
	list = slices.Compact(slices.Sorted(slices.Values(list)))
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		if parts = append(parts, fmt.Sprint(list[i])); j > i {
			parts[len(parts)-1] += fmt.Sprintf("–%d", list[j])
		}
		i = j + 1
	}
	return strings.Join(parts, ",")
}
