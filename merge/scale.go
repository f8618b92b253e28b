package merge

import "strings"

// setting is the value of a recipe's parameter: alternatives in the order in
// which they are tried.
type setting []condition

// condition gives values to the tensors whose name contains filter.
type condition struct {
	filter string    // "" matches every tensor
	values []float64 // one number, or a gradient over the slice's layers
}

// at evaluates the setting for a tensor of the source model, t of the way
// through its slice (0 … 1). Not ok when no condition matches.
func (s setting) at(tensor string, t float64) (value float64, ok bool) {
	for _, c := range s {
		if c.filter == "" || c.filter == "*" || strings.Contains(tensor, c.filter) {
			if len(c.values) == 0 {
				return 0, false
			}
			return interpolate(c.values, t), true
		}
	}
	return 0, false
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

// scaleOf is the factor for a tensor of slice s: the nearest setting that says
// something about it. 1 when none does.
func (r *Recipe) scaleOf(s Slice, tensor string, t float64) float64 {
	for _, set := range []setting{s.scale[0], s.scale[1], r.scale} {
		if v, ok := set.at(tensor, t); ok {
			return v
		}
	}
	return 1
}
