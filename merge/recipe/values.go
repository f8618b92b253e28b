package recipe

import (
	"fmt"
	"strconv"
	"strings"
)

// settings are the parameters that stand at one place of a recipe.
type settings map[string]*Setting

// Setting is what stands there for one parameter: alternatives in the order in
// which they are tried.
type Setting struct {
	Pos
	Conditions []Condition
}

// Condition gives values to the tensors whose name contains Filter.
type Condition struct {
	Pos
	Filter string    // "" matches every tensor
	Values []float64 // one, or a gradient over the slice's layers; flags are 0 and 1
}

// decides finds the condition that decides about a tensor, nil if none does.
func (s *Setting) decides(tensor string) *Condition {
	if s == nil {
		return nil
	}
	for i := range s.Conditions {
		if c := &s.Conditions[i]; c.Filter == "" || strings.Contains(tensor, c.Filter) {
			return c
		}
	}
	return nil
}

// at is the condition's value t of the way through a slice (0 … 1).
func (c *Condition) at(typ ParamType, t float64) float64 {
	if typ == Flag {
		return c.Values[int(t*float64(len(c.Values)-1))]
	}
	return interpolate(c.Values, t)
}

// interpolate places the values at even steps over 0 … 1 and reads between them.
// The conversions keep the compiler from fusing multiply and add, which would
// give other bits on other processors.
func interpolate(v []float64, t float64) float64 {
	x := t * float64(len(v)-1)
	i := int(x)
	next := min(len(v)-1, i+1)
	frac := x - float64(i)
	return float64((1-frac)*v[i]) + float64(frac*v[next])
}

// constant is the setting's value if it is the same for every tensor.
func (s *Setting) constant() (float64, bool) {
	if len(s.Conditions) == 0 || s.Conditions[0].Filter != "" {
		return 0, false
	}
	v := s.Conditions[0].Values
	for _, x := range v {
		if x != v[0] {
			return 0, false
		}
	}
	return append(v, 0)[0], len(v) > 0
}

// Values are the parameters of a method for one tensor. Flags are 0 or 1.
type Values struct {
	Tensor map[string]float64   // those that all inputs share
	Inputs []map[string]float64 // those of each input, in the slice's order; empty for the base where it has none
}

// Values works out the method's parameters for one tensor of the result, t of
// the way through the slice (0 … 1). name is the tensor's name in the result,
// for the parameters that all inputs share, inputs its name in each input, for
// those of one model.
//
// The error is an *Error where a parameter has no value, or values do not fit
// together.
func (s *Slice) Values(name string, inputs []string, t float64) (Values, error) {
	return s.values(name, inputs, t, func(*Condition) {})
}

// values is Values that tells used which conditions decided.
func (s *Slice) values(name string, inputs []string, t float64, used func(*Condition)) (Values, error) {
	base := s.BaseInput()
	v := Values{Tensor: map[string]float64{}, Inputs: make([]map[string]float64, len(s.Inputs))}
	for i := range v.Inputs {
		v.Inputs[i] = map[string]float64{}
	}
	for i := range s.method.Params {
		p := &s.method.Params[i]
		if p.Scope == PerTensor {
			x, err := s.value(p, nil, name, t, used)
			if err != nil {
				return v, err
			}
			v.Tensor[p.Name] = x
			continue
		}
		for j := range s.Inputs {
			if p.Scope == PerOther && j == base {
				continue
			}
			x, err := s.value(p, &s.Inputs[j], inputs[j], t, used)
			if err != nil {
				return v, err
			}
			v.Inputs[j][p.Name] = x
		}
	}
	if s.method.check != nil {
		if bad := s.method.check(&v, base); bad != nil {
			return v, &Error{File: s.file, Pos: s.posOf(bad), Msg: fmt.Sprintf("%s, at the tensor %s", bad.msg, name)}
		}
	}
	return v, nil
}

// posOf is where the recipe says what does not fit.
func (s *Slice) posOf(bad *misfit) Pos {
	if set := s.Setting(bad.param, bad.input); set != nil {
		return set.Pos
	}
	return s.Inputs[bad.input].Pos
}

// value is a parameter's value at a tensor: of the nearest place that says
// something about it, else the default. in is nil for what all inputs share.
func (s *Slice) value(p *Param, in *Input, tensor string, t float64, used func(*Condition)) (float64, error) {
	for _, set := range s.levels(in) {
		if c := set[p.Name].decides(tensor); c != nil && len(c.Values) > 0 {
			used(c)
			return c.at(p.Type, t), nil
		}
	}
	if p.Default != "" {
		return p.def(), nil
	}
	e := &Error{File: s.file, Pos: s.Pos, Msg: fmt.Sprintf("%s has no default, and nothing gives it a value for the tensor %s", p.Name, tensor)}
	if in != nil {
		e.Pos, e.Msg = in.Pos, e.Msg+fmt.Sprintf(" of %q", in.Model.String())
	}
	return 0, e
}

// levels are the places where a parameter may stand, the nearest first.
func (s *Slice) levels(in *Input) []settings {
	if in == nil {
		return s.shared
	}
	return append([]settings{in.settings}, s.shared...)
}

// def is the default as a number.
func (p *Param) def() float64 {
	if p.Type == Flag {
		if p.Default == "true" {
			return 1
		}
		return 0
	}
	v, err := strconv.ParseFloat(p.Default, 64)
	if err != nil {
		panic("recipe: default of " + p.Name + ": " + err.Error())
	}
	return v
}

// Setting is what the recipe says of a parameter for an input, or with -1 for
// all of them: the nearest that is said at all. nil means the default.
func (s *Slice) Setting(name string, input int) *Setting {
	var in *Input
	if input >= 0 {
		in = &s.Inputs[input]
	}
	for _, set := range s.levels(in) {
		if found := set[name]; found != nil {
			return found
		}
	}
	return nil
}
