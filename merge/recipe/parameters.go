package recipe

import (
	"fmt"
	"slices"
	"strconv"

	"longcat/internal/suggest"

	"gopkg.in/yaml.v3"
)

// parameters reads a parameters mapping, which stands in the object in. Those
// that the method does not take have no effect, if some method takes them; a
// name that none knows is an error.
func (d *decoder) parameters(n *yaml.Node, in string) settings {
	set := settings{}
	for _, f := range d.fields(n, "parameters") {
		if d.err != nil || d.method == nil {
			return set
		}
		name := f.key.Value
		p := d.method.param(name)
		switch {
		case p == nil && (slices.Contains((*Method)(nil).parameterNames(), name) || slices.Contains(retired, name)):
			d.warn(posOf(f.key), "the parameter %s has no effect on a %s merge", name, d.method.Name)
		case p == nil && Objects[0].key(name) != nil:
			d.fail(f.key, "%s is a key of the recipe, not a parameter: it stands at the left margin", name)
		case p == nil:
			e := d.fail(f.key, "unknown parameter %q", name)
			if e.Suggest = suggest.Nearest(name, d.method.parameterNames()); e.Suggest == "" {
				e.Suggest = suggest.Nearest(name, (*Method)(nil).parameterNames())
			}
		case isNull(f.value):
		case p.Scope == PerTensor && (in == "a source" || in == "a model of the list"):
			d.setting(f.value, p, f.key)
			d.misplaced[name] = true
			d.warn(posOf(f.key), "%s under a model has no effect: it is one value for all models, of the recipe, a module or a slice", name)
		default:
			set[name] = d.setting(f.value, p, f.key)
		}
	}
	return set
}

// setting reads a value, a gradient, one condition, or a list of conditions.
func (d *decoder) setting(n *yaml.Node, p *Param, key *yaml.Node) *Setting {
	s := &Setting{Pos: posOf(key)}
	switch {
	case n.Kind == yaml.MappingNode:
		s.Conditions = []Condition{d.condition(n, p)}
	case n.Kind == yaml.SequenceNode && len(n.Content) > 0 && d.resolve(n.Content[0]).Kind == yaml.MappingNode:
		for _, e := range d.list(n, p.Name) {
			s.Conditions = append(s.Conditions, d.condition(e, p))
		}
	default:
		s.Conditions = []Condition{{Pos: posOf(n), Values: d.numbers(n, p)}}
	}
	for i, c := range s.Conditions[:len(s.Conditions)-1] {
		if c.Filter == "" {
			d.warn(s.Conditions[i+1].Pos, "this value of %s is never used: the one before it holds for all tensors", p.Name)
			break
		}
	}
	return s
}

func (d *decoder) condition(n *yaml.Node, p *Param) Condition {
	c := Condition{Pos: posOf(n)}
	typ := objectType("a condition")
	hasValue := false
	for _, f := range d.fields(n, typ.Name) {
		switch {
		case f.key.Value == "value" && !isNull(f.value):
			hasValue = true
			c.Values = d.numbers(f.value, p)
		case f.key.Value == "filter" && isNull(f.value):
		case f.key.Value == "filter":
			if c.Filter = d.word(f.value, "filter"); c.Filter == "*" {
				c.Filter = ""
			}
		case typ.key(f.key.Value) == nil:
			d.unknownKey(n, f, typ)
		}
	}
	if !hasValue {
		d.fail(n, "the condition has no value")
	}
	return c
}

// numbers reads one value of a parameter, or a list of them.
func (d *decoder) numbers(n *yaml.Node, p *Param) []float64 {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		list = d.list(n, p.Name)
	}
	out := make([]float64, 0, len(list))
	for _, e := range list {
		if d.err != nil {
			return nil
		}
		v := 0.0
		if p.Type == Flag {
			if d.flag(e, p.Name) {
				v = 1
			}
		} else {
			v = d.number(e, p.Name)
		}
		if p.Type == Whole && v != float64(int64(v)) {
			d.fail(e, "%s must be a whole number, not %s", p.Name, e.Value)
		}
		for _, b := range p.bounds {
			if !b.broken(v) {
				continue
			}
			msg := fmt.Sprintf("%s %s %s", p.Name, strconv.FormatFloat(v, 'g', -1, 64), b.why)
			if b.refuse {
				d.fail(e, "%s", msg)
			} else {
				d.warn(posOf(e), "%s", msg)
			}
		}
		out = append(out, v)
	}
	return out
}
