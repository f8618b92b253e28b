package recipe

import (
	"cmp"
	"fmt"
	"slices"
)

// Usage notes which of a recipe's conditions decide about some tensor, to tell
// of those that do not. The zero value is ready.
type Usage struct {
	used map[*Condition]bool
}

// Values is s.Values, noted.
func (u *Usage) Values(s *Slice, name string, inputs []string, t float64) (Values, error) {
	if u.used == nil {
		u.used = map[*Condition]bool{}
	}
	return s.values(name, inputs, t, func(c *Condition) { u.used[c] = true })
}

// Unused warns of the conditions on a tensor's name that decided about none of
// the tensors whose values were asked for.
func (u *Usage) Unused(r *Recipe) []Warning {
	var list []Warning
	seen := map[*Setting]bool{}
	add := func(set settings) {
		for name, s := range set {
			for i := range s.Conditions {
				if c := &s.Conditions[i]; c.Filter != "" && !u.used[c] && !seen[s] {
					list = append(list, Warning{c.Pos, fmt.Sprintf("%s where the name contains %q: no tensor takes it", name, c.Filter)})
				}
			}
			seen[s] = true
		}
	}
	for i := range r.Slices {
		for _, in := range r.Slices[i].Inputs {
			add(in.settings)
		}
		for _, set := range r.Slices[i].shared {
			add(set)
		}
	}
	slices.SortFunc(list, func(a, b Warning) int { return cmp.Or(a.compare(b.Pos), cmp.Compare(a.Msg, b.Msg)) })
	return list
}
