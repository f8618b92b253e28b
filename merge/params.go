package merge

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"longcat/internal/suggest"
	"longcat/merge/safetensors"

	"gopkg.in/yaml.v3"
)

var dtypes = map[string]safetensors.DType{
	"bfloat16": safetensors.BF16, "float16": safetensors.F16,
	"float32": safetensors.F32, "float64": safetensors.F64,
}

func (d document) dtype(f map[string]field, key string) (safetensors.DType, error) {
	v, ok := f[key]
	if !ok || isNull(v.value) {
		return "", nil
	}
	name, err := d.text(v.value, key)
	if err != nil {
		return "", err
	}
	if t, ok := dtypes[strings.TrimPrefix(name, "torch.")]; ok {
		return t, nil
	}
	e := d.errorf(v.value, "%s %q is not supported yet; bfloat16, float16, float32 and float64 are", key, name).(*RecipeError)
	e.Suggest = suggest.Nearest(name, []string{"bfloat16", "float16", "float32", "float64"})
	return "", e
}

// tokenizer reads the keys that say whose tokenizer the result gets.
func (d document) tokenizer(r *Recipe, f map[string]field) error {
	if v, ok := f["chat_template"]; ok && !isNull(v.value) && v.value.Value != "auto" {
		return d.errorf(v.key, "chat_template is not supported yet, except \"auto\"")
	}
	v, ok := f["tokenizer_source"]
	if t, has := f["tokenizer"]; has && !isNull(t.value) {
		if ok {
			return d.errorf(t.key, "tokenizer and tokenizer_source exclude each other")
		}
		sub, err := d.fields(t.value, "tokenizer", "source", "tokens", "pad_to_multiple_of")
		if err != nil {
			return err
		}
		for _, key := range []string{"tokens", "pad_to_multiple_of"} {
			if s, ok := sub[key]; ok && !isNull(s.value) {
				return d.errorf(s.key, "tokenizer %s is not supported yet", key)
			}
		}
		if v, ok = sub["source"]; !ok { // mergekit's default
			r.Tokenizer = Tokenizer{Union: true, Line: t.key.Line}
			return nil
		}
	}
	if !ok || isNull(v.value) {
		return nil
	}
	r.Tokenizer.Line = v.key.Line
	switch v.value.Value {
	case "base":
	case "union":
		r.Tokenizer.Union = true
	default:
		ref, err := d.ref(v.value)
		r.Tokenizer.Model = &ref
		return err
	}
	return nil
}

// otherParameters are those that mergekit's other methods take. Recipes carry
// them along, and passthrough does not look at them.
var otherParameters = []string{
	"weight", "density", "t", "normalize", "int8_mask", "rescale", "lambda", "epsilon", "gamma",
	"select_topk", "filter_wise", "max_iter", "tol",
}

// parameters reads a parameters mapping, of which passthrough has one: scale.
func (d document) parameters(r *Recipe, f map[string]field) (setting, error) {
	v, ok := f["parameters"]
	if !ok || isNull(v.value) {
		return nil, nil
	}
	p, err := d.fields(v.value, "parameters", append([]string{"scale"}, otherParameters...)...)
	if err != nil {
		return nil, err
	}
	for _, key := range otherParameters {
		if other, ok := p[key]; ok {
			r.Notes = append(r.Notes, Warning{other.key.Line, fmt.Sprintf("the parameter %s has no effect on a passthrough merge", key)})
		}
	}
	scale, ok := p["scale"]
	if !ok {
		return nil, nil
	}
	return d.setting(scale.value)
}

// setting reads a number, a gradient, one condition, or a list of conditions.
func (d document) setting(n *yaml.Node) (setting, error) {
	if n.Kind == yaml.MappingNode {
		c, err := d.condition(n)
		return setting{c}, err
	}
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 {
		list, err := d.list(n, "scale")
		if err != nil {
			return nil, err
		}
		if list[0].Kind == yaml.MappingNode {
			var s setting
			for _, e := range list {
				c, err := d.condition(e)
				if err != nil {
					return nil, err
				}
				s = append(s, c)
			}
			return s, nil
		}
	}
	values, err := d.values(n)
	return setting{{values: values}}, err
}

func (d document) condition(n *yaml.Node) (c condition, err error) {
	f, err := d.fields(n, "a condition", "value", "filter")
	if err != nil {
		return c, err
	}
	v, ok := f["value"]
	if !ok {
		return c, d.errorf(n, "the condition has no value")
	}
	if x, ok := f["filter"]; ok && !isNull(x.value) {
		c.filter = x.value.Value
	}
	c.values, err = d.values(v.value)
	return c, err
}

// values reads one number or a list of them.
func (d document) values(n *yaml.Node) ([]float64, error) {
	list := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		var err error
		if list, err = d.list(n, "scale"); err != nil {
			return nil, err
		}
	}
	out := make([]float64, 0, len(list))
	for _, e := range list {
		v, err := strconv.ParseFloat(e.Value, 64)
		if e.Kind != yaml.ScalarNode || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, d.errorf(e, "%q is not a number", e.Value)
		}
		out = append(out, v)
	}
	return out, nil
}
