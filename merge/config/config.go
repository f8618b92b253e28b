// Package config rewrites a config.json for a model whose layers were
// rearranged.
//
// A config can speak of layers by number in many ways: lists with an entry for
// each layer, lists of layer numbers, a letter for each layer, cycles, every
// n-th layer, the first or last n, names of modules in quantisation rules. Each
// of these forms has a function here. What can be moved with certainty is moved;
// what the result can not be right with is an error; what may be harmless is a
// remark; nothing that names a layer passes in silence.
package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/jsontext"
)

// Config is a model's config.json and the stack of layers that is rearranged.
type Config struct {
	Name string // as messages call the model
	Text *jsontext.Text
	Depth
	// Extra is how many layers follow those that are counted: heads that predict
	// several tokens. Those of the last layer's model follow the result's.
	Extra int
	// Kind is what the tensors of a layer have in common with those of layers that
	// can take its place: names and shapes.
	Kind func(layer int) string
}

// Layer is a layer of the result.
type Layer struct {
	From  *Config
	Index int // in From
}

// Error says why the config can not be made right.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

type rewriter struct {
	base    *Config
	layers  []Layer
	edits   []jsontext.Edit
	remarks []string
	err     error // the first one
	// said are functions that give what the result's config says of a layer.
	said []func(from *Config, layer int) string
	told map[Layer]string // what all of them say
	// stack finds the last part of the stack's prefix in a module's name.
	stack *regexp.Regexp
}

func (r *rewriter) edit(v *jsontext.Value, text []byte) {
	if string(r.base.Text.Raw(v)) != string(text) {
		r.edits = append(r.edits, jsontext.Edit{At: v, Text: text})
	}
}

func (r *rewriter) remark(format string, args ...any) {
	r.remarks = append(r.remarks, fmt.Sprintf(format, args...))
}

func (r *rewriter) refuse(format string, args ...any) {
	if r.err == nil {
		r.err = &Error{fmt.Sprintf(format, args...)}
	}
}

// unchanged reports whether every layer stays where it was.
func (r *rewriter) unchanged() bool {
	for i, l := range r.layers {
		if l.From != r.base || l.Index != i {
			return false
		}
	}
	return len(r.layers) == r.base.Layers
}

// setCounts writes the new depth.
func (r *rewriter) setCounts() {
	for _, v := range r.base.counts {
		if v.Kind == jsontext.Array {
			continue // a list counts by its length
		}
		r.edit(v, number(len(r.layers)))
	}
	obj := r.base.decoderCount
	if obj == nil || len(r.layers) == r.base.Layers {
		return
	}
	kind := obj.Get("model_type")
	if kind == nil || !slices.Contains(decodersOfTheirOwn, kind.Str) {
		r.refuse("one number counts the layers of encoder and decoder, and they would no longer have the same depth")
		return
	}
	n := r.base.Layers
	if r.base.decoder {
		n = len(r.layers)
	}
	r.edits = append(r.edits, r.base.Text.Add(obj, "num_decoder_layers", number(n)))
}

// member is a value of the config with the way to it.
type member struct {
	section *jsontext.Value
	path    string
	key     string
	v       *jsontext.Value
}

// forms are the ways in which a value can speak of layers, in the order in
// which they are tried. Each reports whether the value is dealt with.
var forms = []func(*rewriter, member) bool{
	(*rewriter).byLayer,
	(*rewriter).wordKeys,
	(*rewriter).partition,
	(*rewriter).notLayers,
	(*rewriter).stages,
	(*rewriter).layerNumbers,
	(*rewriter).numberString,
	(*rewriter).letters,
	(*rewriter).perLayer,
	(*rewriter).cycle,
	(*rewriter).taps,
	(*rewriter).rule,
	(*rewriter).scaleDepth,
	(*rewriter).unread,
	(*rewriter).aboutLayers,
}

// sideless reports whether a value with an entry for each layer may speak of the
// encoder or of the decoder, and remarks on it.
func (r *rewriter) sideless(m member) bool {
	if !r.base.TwoSided || sideOf(m.path) != neither {
		return false
	}
	return r.lost(m, "whether it speaks of the encoder or of the decoder could not be told")
}

// speaks reports whether a member of the object at path can speak of the stack:
// what a key says of a tower is about that, wherever it stands.
func (r *rewriter) speaks(path, key string) bool {
	if IsTower(key) {
		return IsTower(r.base.Prefix)
	}
	if s := sideOf(key); r.base.TwoSided && s != neither && s != sideOf(r.base.Prefix) {
		return false
	}
	return r.base.Has(path)
}

// extras are the layers that follow those which are counted, with the numbers
// that they have in the result.
func (r *rewriter) extras(f func(l Layer, to int)) {
	last := r.layers[len(r.layers)-1].From
	for k := range last.Extra {
		f(Layer{last, last.Layers + k}, len(r.layers)+k)
	}
}

// each calls f for the models that give layers, the base first.
func (r *rewriter) each(f func(c *Config)) {
	seen := []*Config{r.base}
	f(r.base)
	for _, l := range r.layers {
		if !slices.Contains(seen, l.From) {
			seen = append(seen, l.From)
			f(l.From)
		}
	}
}

// says notes what the config says of a layer, for structure.
func (r *rewriter) says(f func(from *Config, layer int) string) { r.said = append(r.said, f) }

func number(n int) []byte { return strconv.AppendInt(nil, int64(n), 10) }

// numbered is how a message names layers of the result.
func numbered(layers []int) string {
	more := ""
	if len(layers) > 6 {
		more = fmt.Sprintf(" and %d more", len(layers)-5)
		layers = layers[:5]
	}
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = strconv.Itoa(l)
	}
	if len(words) == 1 {
		return "layer " + words[0]
	}
	return "layers " + strings.Join(words, ", ") + more
}

// ordinal is 2nd, 3rd, 4th, ….
func ordinal(n int) string {
	switch n {
	case 2:
		return "2nd"
	case 3:
		return "3rd"
	}
	return strconv.Itoa(n) + "th"
}
