package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/jsontext"
)

// What follows reads values that speak of layers in a way of their own, and says
// so where that can not be read with certainty.

var (
	// numericText is a string of numbers and of what stands between them, such as
	// "0-3,8" or "([0]*3+[1]*58)".
	numericText = regexp.MustCompile(`^[\d\[\]()*+,:;|/ -]*\d[\d\[\]()*+,:;|/ -]*$`)
	// byDepth are keys of switches that make a factor depend on the depth or on a
	// layer's number.
	byDepth = regexp.MustCompile(`by_(inverse_)?(layer|depth)|depth_scal|scale_.*depth|divide.*layer|layer_(idx|number|id)$|deepnorm|position_encoding_2d`)
	// keyedByLayer are keys such as "layer_3" or "block.3".
	keyedByLayer = regexp.MustCompile(`^((?:layers?|blocks?|h|l)[_.-]?)(\d+)$`)
	// dotted is a number between the dots of a regular expression.
	dotted = regexp.MustCompile(`\\\.[\[(]?(?:\?:)?\d`)
)

// partition renumbers an object whose lists share the layers out among kinds:
// {"full": [3, 6], "linear": [1, 2, 4, 5]}.
func (r *rewriter) partition(m member) bool {
	if m.v.Kind != jsontext.Object || len(m.v.Vals) < 2 {
		return false
	}
	var all []int
	for _, v := range m.v.Vals {
		if v.Kind != jsontext.Array || !allNumbers(v) {
			return false
		}
		all = append(all, ints(v)...)
	}
	slices.Sort(all)
	if len(all) != r.base.Layers || !ascending(all) || all[0] > 1 || all[len(all)-1] != all[0]+r.base.Layers-1 {
		return false
	}
	if r.sideless(m) {
		return true
	}
	for i, key := range m.v.Keys {
		part := member{m.v, join(m.path, key), key, m.v.Vals[i]}
		items := r.renumber(part, all[0], func(c *Config) []int { return ints(c.Text.Root.Lookup(part.path)) })
		r.edit(part.v, r.base.Text.Array(part.v, items))
	}
	return true
}

// wordKeys renumbers an object whose keys are a word and a layer's number.
func (r *rewriter) wordKeys(m member) bool {
	if m.v.Kind != jsontext.Object || len(m.v.Keys) == 0 {
		return false
	}
	word, start := "", 0
	for i, key := range m.v.Keys {
		part := keyedByLayer.FindStringSubmatch(key)
		if part == nil || i > 0 && part[1] != word {
			return false
		}
		word = part[1]
		if n, err := strconv.Atoi(part[2]); err != nil || n > r.base.Layers {
			return false
		} else if n == r.base.Layers {
			start = 1
		}
	}
	if m.v.Get(word+"0") != nil {
		start = 0
	}
	if r.sideless(m) {
		return true
	}
	at := func(c *Config, layer int) *jsontext.Value {
		v := m.v
		if c != r.base {
			v = c.Text.Root.Lookup(m.path)
		}
		return v.Get(word + strconv.Itoa(layer+start))
	}
	var members []jsontext.Member
	for i, l := range r.layers {
		if v := at(l.From, l.Index); v != nil {
			members = append(members, jsontext.Member{Key: word + strconv.Itoa(i+start), Text: l.From.Text.Raw(v)})
		}
	}
	r.says(func(c *Config, layer int) string {
		if v := at(c, layer); v != nil {
			return string(c.Text.Raw(v))
		}
		return ""
	})
	r.edit(m.v, r.base.Text.Object(m.v, members))
	return true
}

// unread remarks on what may speak of layers and is in none of the known forms.
func (r *rewriter) unread(m member) bool {
	names := speaksOfLayers(m.key)
	switch m.v.Kind {
	case jsontext.String:
		switch {
		case names && numericText.MatchString(m.v.Str):
			return r.lost(m, "what it says could not be read")
		case strings.Contains(m.path, "quantization") && dotted.MatchString(m.v.Str) && !strings.Contains(m.v.Str, "expert"):
			return r.lost(m, "which ones its pattern means could not be read")
		}
	case jsontext.Bool:
		if m.v.IsTrue() && byDepth.MatchString(m.key) && !strings.Contains(m.key, "init") {
			r.misfits(m.path+" is true", r.everywhere(func(layer, layers int) int { return layer*100_000 + layers }), false)
		}
	case jsontext.Array:
		switch n := len(m.v.Vals); {
		case n == 0:
		case groups(m, r.base.Layers):
			return r.lost(m, "the numbers in it could not be read")
		case looksLikeNumbers(m, r.base.Layers):
			return r.lost(m, "whether it lists layers could not be told")
		case r.cycles(m):
			return r.lost(m, "it looks like a cycle of kinds, and the layers no longer follow it")
		case n > 1 && names && !slices.Contains(oneMore, m.key) || n > 1 && n < r.base.Layers && slices.Contains(oneMore, m.key):
			return r.lost(m, "it has "+strconv.Itoa(n)+" entries for "+strconv.Itoa(r.base.Layers)+" layers")
		}
		for _, v := range m.v.Vals {
			if v.Kind == jsontext.String && strings.Contains(m.path, "quantization") && dotted.MatchString(v.Str) && !strings.Contains(v.Str, "expert") {
				return r.lost(m, "which ones its patterns mean could not be read")
			}
		}
	case jsontext.Object:
		for _, key := range m.v.Keys {
			switch {
			case numericText.MatchString(key) && strings.ContainsAny(key, ",-:") && (strings.Contains(m.key, "layer") || strings.Contains(m.key, "block")):
				return r.lost(m, "its keys could not be read")
			case strings.Contains(m.path, "quantization") && dotted.MatchString(key) && !strings.Contains(key, "expert"):
				return r.lost(m, "which ones its patterns mean could not be read")
			}
		}
	}
	return false
}

// cycles reports whether a short list of kinds may be repeated over the depth,
// and no longer tells what the layers are.
func (r *rewriter) cycles(m member) bool {
	if len(m.v.Vals) >= r.base.Layers || !slices.ContainsFunc([]string{"pattern", "cycle"}, func(w string) bool { return strings.Contains(m.key, w) }) {
		return false
	}
	n := len(m.v.Vals)
	kind := func(layer, _ int) int {
		raw := string(r.base.Text.Raw(m.v.Vals[layer%n]))
		return slices.IndexFunc(m.v.Vals, func(v *jsontext.Value) bool { return string(r.base.Text.Raw(v)) == raw })
	}
	return len(r.moved(r.everywhere(kind))) > 0
}
