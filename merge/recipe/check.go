package recipe

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// check holds a decoded document against what its method wants of its slices,
// as far as that can be told without the models.
func (r *Recipe) check(d *decoder) {
	if len(r.Slices) == 0 {
		d.failAt(r.Pos, "the recipe has no slices")
	}
	for i := range r.Slices {
		if d.err == nil {
			r.Slices[i].check(d)
		}
	}
	if d.err != nil {
		return
	}
	r.checkUnused(d)
	if r.Base != nil && r.Method.Base == BaseUnused && r.Slices[0].Inputs[0].All && r.Slices[0].Inputs[0].Model.String() != r.Base.String() {
		d.warn(r.Base.Pos, "mergekit refuses base_model beside the model of a %s merge; here it gives config.json and tokenizer", r.Method.Name)
	}
	slices.SortStableFunc(d.warnings, func(a, b Warning) int { return a.compare(b.Pos) })
	r.Warnings = joined(d.warnings)
}

// joined makes warnings of the same words one, with the other lines in it.
func joined(list []Warning) []Warning {
	var out []Warning
	first := map[string]int{}
	lines := map[string][]string{}
	for _, w := range list {
		if i, had := first[w.Msg]; !had {
			first[w.Msg] = len(out)
			out = append(out, w)
		} else if n := lines[w.Msg]; w.Line != out[i].Line && len(n) < 10 {
			lines[w.Msg] = append(n, strconv.Itoa(w.Line))
		}
	}
	for i, w := range out {
		if n := lines[w.Msg]; len(n) > 0 {
			out[i].Msg += fmt.Sprintf(" (also in line %s)", strings.Join(n, ", "))
		}
	}
	return out
}

func (s *Slice) check(d *decoder) {
	if len(s.Inputs) == 0 {
		d.failAt(s.Pos, "the slice has no sources")
		return
	}
	seen := map[string]bool{}
	for _, in := range s.Inputs {
		first := s.Inputs[0]
		if in.To-in.From != first.To-first.From {
			d.failAt(in.Pos, "the sources of a slice must have equally many layers: %q has %d, %q %d", first.Model.String(), first.To-first.From, in.Model.String(), in.To-in.From)
		}
		if seen[in.Model.String()] {
			d.failAt(in.Pos, "the model %q occurs twice among the sources", in.Model.String())
		}
		seen[in.Model.String()] = true
	}
	s.checkBase(d)
	s.checkCount(d)
	s.checkParameters(d)
}

func (s *Slice) checkBase(d *decoder) {
	base := s.BaseInput()
	switch {
	case s.method.Base == BaseNeeded && s.Base == nil:
		d.failAt(s.Pos, "%s needs base_model", s.method.Name)
	case s.method.Base == BaseNeeded && base < 0:
		d.failAt(s.Pos, "the base model %q must be one of the slice's sources: %s compares the others with it", s.Base.String(), s.method.Name)
	case s.method.Base == BaseOptional && s.Base != nil && base < 0:
		d.warn(s.Base.Pos, "base_model gives no weights: it is not among the sources of the slice at line %d", s.Line)
	}
	if in := s.Inputs[len(s.Inputs)-1]; in.Implied && s.method.Base == BaseIsInput {
		if s.method.param("weight") == nil {
			d.warn(in.Pos, "%s has no use for a base_model: %q is merged like the models of the list", s.method.Name, in.Model.String())
		}
	}
}

// checkCount holds the number of models against what the method takes.
func (s *Slice) checkCount(d *decoder) {
	m, n := s.method, len(s.Inputs)
	besides := ""
	if s.BaseInput() >= 0 {
		n--
		besides = " besides the base"
	}
	if n >= m.Min && (m.Max == 0 || n <= m.Max) {
		return
	}
	want := fmt.Sprintf("at least %d model%s", m.Min, plural(m.Min))
	if m.Min == m.Max {
		want = fmt.Sprintf("exactly %d model%s", m.Min, plural(m.Min))
	}
	at := s.Pos
	if m.Max > 0 && n > m.Max {
		at = s.Inputs[m.Max].Pos
	}
	e := d.failAt(at, "%s takes %s%s, not %d", m.Name, want, besides, n)
	if m.Name == "passthrough" {
		e.Msg += "; layers of several models are stacked with one slice for each"
	}
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// checkParameters finds parameters that are not given, and values that do not
// fit together where they are the same for all tensors.
func (s *Slice) checkParameters(d *decoder) {
	base := s.BaseInput()
	v := Values{Tensor: map[string]float64{}, Inputs: make([]map[string]float64, len(s.Inputs))}
	known := true
	for j := range s.Inputs {
		v.Inputs[j] = map[string]float64{}
	}
	for i := range s.method.Params {
		p := &s.method.Params[i]
		if p.Scope == PerTensor {
			known = s.constant(d, p, nil, v.Tensor) && known
			continue
		}
		for j := range s.Inputs {
			if p.Scope == PerModel || j != base {
				known = s.constant(d, p, &s.Inputs[j], v.Inputs[j]) && known
			} else if set := s.Inputs[j].settings[p.Name]; set != nil {
				d.warn(set.Pos, "%s of the base has no effect", p.Name)
			}
		}
	}
	if known && s.method.check != nil && d.err == nil {
		if bad := s.method.check(&v, base); bad != nil {
			d.failAt(s.posOf(bad), "%s", bad.msg)
		}
	}
}

// constant puts a parameter's value into the map if it is the same for every
// tensor. A parameter that nothing gives is an error.
func (s *Slice) constant(d *decoder, p *Param, in *Input, into map[string]float64) bool {
	given := false
	for _, set := range s.levels(in) {
		found := set[p.Name]
		if found == nil || len(found.Conditions) == 1 && len(found.Conditions[0].Values) == 0 {
			continue
		}
		given = true
		if v, ok := found.constant(); ok {
			into[p.Name] = v
			return true
		}
		break
	}
	switch {
	case given:
		return false
	case p.Default != "":
		into[p.Name] = p.def()
		return true
	case in == nil && d.misplaced[p.Name]:
		d.failAt(s.Pos, "%s needs the parameter %s, which is not read under a model: it is one value for all models, of the recipe, a module or a slice", s.method.Name, p.Name)
	case in == nil:
		d.failAt(s.Pos, "%s needs the parameter %s", s.method.Name, p.Name)
	case in.Implied:
		d.failAt(in.Pos, "%s takes base_model as an input, and nothing gives %q its parameter %s", s.method.Name, in.Model.String(), p.Name)
	default:
		d.failAt(in.Pos, "%s needs the parameter %s, and nothing gives it for %q", s.method.Name, p.Name, in.Model.String())
	}
	return false
}

// checkUnused warns of parameters around the sources that every source gives
// for itself.
func (r *Recipe) checkUnused(d *decoder) {
	used, at := map[*Setting]bool{}, map[*Setting]string{}
	for i := range r.Slices {
		s := &r.Slices[i]
		base := s.BaseInput()
		for _, set := range s.shared {
			for name, found := range set {
				at[found] = name
			}
		}
		for j := range s.method.Params {
			p := &s.method.Params[j]
			if p.Scope == PerTensor {
				s.use(p, nil, used)
				continue
			}
			for k := range s.Inputs {
				if p.Scope == PerModel || k != base {
					s.use(p, &s.Inputs[k], used)
				}
			}
		}
	}
	for found, name := range at {
		if !used[found] {
			d.warn(found.Pos, "%s is never used here: a nearer value holds for all tensors", name)
		}
	}
}

// use notes which settings of a parameter may be reached.
func (s *Slice) use(p *Param, in *Input, used map[*Setting]bool) {
	for _, set := range s.levels(in) {
		if found := set[p.Name]; found != nil {
			used[found] = true
			last := found.Conditions[len(found.Conditions)-1]
			if last.Filter == "" && len(last.Values) > 0 {
				return
			}
		}
	}
}
