package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"longcat/merge/jsontext"
)

// kindOf is what a rule makes of a layer in a model of so many layers.
type kindOf func(layer, layers int) int

// kinds are the same rule as each model's config has it.
type kinds map[*Config]kindOf

// of is what a layer is where it comes from.
func (k kinds) of(l Layer) int { return k[l.From](l.Index, l.From.Layers) }

// everywhere is a rule that is the same in all models.
func (r *rewriter) everywhere(kind kindOf) kinds {
	k := kinds{}
	r.each(func(c *Config) { k[c] = kind })
	return k
}

// rule deals with a number that makes layers something by their own number. A
// number of first or last layers is set to what it has to be now; another rule
// that no longer fits is written out as a list where readers take one.
func (r *rewriter) rule(m member) bool {
	rule, ok := numberRules[m.key]
	if n, isInt := m.v.Int(); !ok && isPeriod(m.key) && isInt && n <= r.base.Layers {
		rule, ok = numberRule{factor: everyFrom}, true
	}
	if !ok {
		return false
	}
	if rule.factor == byNumber {
		if m.v.IsTrue() {
			r.misfits(m.path+" is true", r.everywhere(func(layer, _ int) int { return layer }), false)
		}
		return true
	}
	n, ok := m.v.Int()
	if list := ints(m.v); len(list) > 0 && allNumbers(m.v) && !r.isSaid(m.section, rule.said) {
		return r.lost(m, "it has several numbers")
	}
	if !ok {
		return false // off
	}
	if rule.factor == firstThrough {
		n++
	}
	if n <= 0 || rule.needs != "" && !m.section.Get(rule.needs).IsTrue() || r.isSaid(m.section, rule.said) {
		return true
	}
	k := r.everywhere(rule.kind(m.section, n))
	r.each(func(c *Config) {
		if theirs, ok := c.Text.Root.Lookup(m.path).Int(); ok && theirs > 0 {
			if rule.factor == firstThrough {
				theirs++
			}
			k[c] = rule.kind(m.section, theirs)
		}
	})
	if rule.factor == first || rule.factor == firstThrough || rule.factor == last {
		if now, ok := r.runLength(k, rule.factor == last); ok {
			if rule.factor == firstThrough && (now < len(r.layers) || n < now) {
				r.edit(m.v, number(now-1))
			} else if now < len(r.layers) || n < now {
				r.edit(m.v, number(now))
			}
			r.says(func(c *Config, layer int) string { return strconv.Itoa(k.of(Layer{c, layer})) })
			return true
		}
	}
	if slices.Contains(rule.said, "layer_types") && r.writeTypes(m.section, m.path, k) {
		return true
	}
	r.misfits(fmt.Sprintf("%s is %d", m.path, n), k, true)
	return true
}

// kind is the rule as a function. A kind other than 0 is the one that the rule
// is about, where that is known.
func (rule numberRule) kind(section *jsontext.Value, n int) kindOf {
	switch rule.factor {
	case first, firstThrough:
		return func(layer, _ int) int { return btoi(layer < n) }
	case last:
		return func(layer, layers int) int { return btoi(layer >= layers-n) }
	case everyFrom:
		if at, ok := section.Get(rule.offset).Int(); ok {
			return func(layer, _ int) int { return btoi(layer%n == at) }
		}
		return func(layer, _ int) int { return layer % n }
	}
	return func(layer, _ int) int { return btoi(layer%n == n-1) }
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// isSaid reports whether one of the lists says what a rule would.
func (r *rewriter) isSaid(section *jsontext.Value, lists []string) bool {
	return slices.ContainsFunc(lists, func(key string) bool {
		v := section.Get(key)
		return v != nil && v.Kind == jsontext.Array && len(v.Vals) > 0
	})
}

// runLength is how many layers from the start or the end of the result are of
// kind 1, if all that are stand there.
func (r *rewriter) runLength(k kinds, fromEnd bool) (int, bool) {
	count, ended := 0, false
	for i := range r.layers {
		l := r.layers[i]
		if fromEnd {
			l = r.layers[len(r.layers)-1-i]
		}
		is := k.of(l) == 1
		if is && ended {
			return 0, false
		}
		ended = ended || !is
		count += btoi(is)
	}
	return count, true
}

// moved lists the layers of the result that a rule makes another kind than the
// layers they come from.
func (r *rewriter) moved(k kinds) []int {
	var moved []int
	for i, l := range r.layers {
		if k[r.base](i, len(r.layers)) != k.of(l) {
			moved = append(moved, i)
		}
	}
	return moved
}

// misfits deals with a rule that can not be moved: an error where layers of
// another kind have other tensors, else a remark.
func (r *rewriter) misfits(what string, k kinds, tensors bool) {
	moved := r.moved(k)
	if len(moved) == 0 {
		if tensors {
			r.says(func(c *Config, layer int) string { return strconv.Itoa(k.of(Layer{c, layer})) })
		}
		return
	}
	for _, i := range moved {
		if !tensors || r.canStandAt(i, k[r.base]) {
			continue
		}
		r.refuse("%s, a rule by layer number; it wants other tensors in layer %d of the result than layer %d of %q has", what, i, r.layers[i].Index, r.layers[i].From.Name)
		return
	}
	r.remark("%s, a rule by layer number; it makes %s of the result another kind than where it comes from", what, numbered(moved))
}

// canStandAt reports whether the layer at i has the tensors of some layer of the
// kind that a rule makes it.
func (r *rewriter) canStandAt(i int, kind kindOf) bool {
	l := r.layers[i]
	for layer := range r.base.Layers {
		if kind(layer, r.base.Layers) == kind(i, len(r.layers)) && r.base.Kind(layer) == l.From.Kind(l.Index) {
			return true
		}
	}
	return false
}

// modelType deals with rules that the config does not even name.
func (r *rewriter) modelType() {
	for _, s := range Sections(r.base.Text.Root) {
		if v := s.Obj.Get("deepstack_visual_indexes"); v != nil && !IsTower(r.base.Prefix) && r.base.Has("") {
			n := len(v.Vals)
			r.misfits(join(s.Path, "deepstack_visual_indexes")+" adds to what the first layers make, one each", r.everywhere(func(layer, _ int) int { return min(layer, n) }), false)
		}
		if v := s.Obj.Get("accept_hidden_layer"); v != nil && !IsTower(r.base.Prefix) && !r.base.Has(s.Path) {
			r.taps(member{s.Obj, join(s.Path, "accept_hidden_layer"), "accept_hidden_layer", v}) // the talker's, of the thinker
		}
		v := s.Obj.Get("model_type")
		if v == nil || !r.base.Has(s.Path) {
			continue
		}
		if slices.Contains(shared, v.Str) {
			r.refuse("the layers of a %s model share tensors, so they can not be moved", v.Str)
		}
		if what := byNumberOnly[v.Str]; what != "" {
			r.misfits("model_type "+v.Str+" computes "+what+" from a layer's number", r.everywhere(func(layer, _ int) int { return layer }), false)
		}
		n := implied[v.Str]
		if n == 0 || r.isSaid(s.Obj, []string{"layer_types", "no_rope_layers"}) || slices.ContainsFunc(s.Obj.Keys, func(key string) bool {
			return numberRules[key].factor == every && slices.Contains(numberRules[key].said, "layer_types") && key != "max_window_layers"
		}) {
			continue
		}
		k := r.everywhere(numberRule{factor: every}.kind(s.Obj, n))
		what := fmt.Sprintf("model_type %s makes every %s layer another kind", v.Str, ordinal(n))
		if !r.writeTypes(s.Obj, what, k) {
			r.misfits(what, k, true)
		}
	}
}

// writeTypes gives the config the list that says for each layer what a rule
// said before, for model types whose readers take it.
func (r *rewriter) writeTypes(section *jsontext.Value, what string, k kinds) bool {
	if len(r.moved(k)) == 0 {
		return false
	}
	modelType := section.Get("model_type")
	if modelType == nil || section.Get("layer_types") != nil && section.Get("layer_types").Kind != jsontext.Null {
		return false
	}
	words, ok := writtenOut[modelType.Str]
	if !ok {
		return false
	}
	items := make([][]byte, len(r.layers))
	for i, l := range r.layers {
		items[i] = quoted(words[k.of(l)])
	}
	empty := &jsontext.Value{Kind: jsontext.Array}
	text := r.base.Text.Array(empty, items)
	if v := section.Get("layer_types"); v != nil {
		r.edit(v, text)
	} else {
		r.edits = append(r.edits, r.base.Text.Add(section, "layer_types", text))
	}
	r.says(func(c *Config, layer int) string { return strconv.Itoa(k.of(Layer{c, layer})) })
	r.remark("%s, a rule by layer number that no longer fits; layer_types says it now, which readers before transformers 4.53 do not know", what)
	return true
}

// scaleDepth deals with MiniCPM's factor of what each layer adds, which is
// divided by the root of the depth: it grows with it, so that each layer adds
// what it did.
func (r *rewriter) scaleDepth(m member) bool {
	if m.key != "scale_depth" {
		return false
	}
	f, err := strconv.ParseFloat(m.v.Str, 64)
	if m.v.Kind != jsontext.Number || err != nil {
		return false
	}
	if len(r.layers) == r.base.Layers || m.section.Get("mup_denominator") != nil && m.section.Get("mup_denominator").Kind != jsontext.Null {
		return true
	}
	f *= math.Sqrt(float64(len(r.layers)) / float64(r.base.Layers))
	text := strconv.FormatFloat(f, 'g', -1, 64)
	r.edit(m.v, []byte(text))
	r.remark("%s is divided by the root of the depth; it was %s and is %s now, so that each layer adds as much as before", m.path, m.v.Str, text)
	return true
}

// shifted reports whether a layer stands at another place than where it comes from.
func (r *rewriter) shifted() bool {
	for i, l := range r.layers {
		if l.Index != i {
			return true
		}
	}
	return false
}

// aboutLayers remarks on what is left and may speak of layers.
func (r *rewriter) aboutLayers(m member) bool {
	switch m.v.Kind {
	case jsontext.Number:
		n, ok := m.v.Int()
		switch {
		case !ok || n <= 0 || !speaksOfLayers(m.key):
		case len(r.layers) == r.base.Layers && !r.shifted():
		case len(r.layers) == r.base.Layers:
			r.remark("%s is %d; whether that still fits the layers, which have moved, could not be told", m.path, n)
		default:
			r.remark("%s is %d; whether that still fits %d layers instead of %d could not be told", m.path, n, len(r.layers), r.base.Layers)
		}
		return true
	case jsontext.Object:
		return false
	}
	return true
}
