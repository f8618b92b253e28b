package config

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/jsontext"
)

// layerNumbers rewrites a list of layer numbers to the numbers that those layers
// have now.
func (r *rewriter) layerNumbers(m member) bool {
	start, known := layerNumbers[m.key]
	if m.v.Kind != jsontext.Array || !known && !looksLikeNumbers(m, r.base.Layers) {
		return false
	}
	if _, ok := m.v.Vals, len(m.v.Vals) > 0; known && ok && !allNumbers(m.v) {
		return r.lost(m, "it is no list of layer numbers")
	}
	if !known {
		var ok bool
		if start, ok = firstNumber(m, r.base.Layers); !ok {
			return r.lost(m, "whether its numbers begin at 0 or at 1 could not be told")
		}
	}
	if len(m.v.Vals) > 0 && r.sideless(m) {
		return true
	}
	items := r.renumber(m, start, func(c *Config) []int { return ints(c.Text.Root.Lookup(m.path)) })
	r.edit(m.v, r.base.Text.Array(m.v, items))
	return true
}

// renumber gives the new numbers of the layers that the lists name.
func (r *rewriter) renumber(m member, start int, of func(*Config) []int) [][]byte {
	listed := map[Layer]bool{}
	r.each(func(c *Config) {
		for _, n := range of(c) {
			listed[Layer{c, n - start}] = true
		}
	})
	has := func(c *Config, layer int) bool { return listed[Layer{c, layer}] }
	var items [][]byte
	for i, l := range r.layers {
		if has(l.From, l.Index) {
			items = append(items, number(i+start))
		}
	}
	r.extras(func(l Layer, to int) {
		if has(l.From, l.Index) {
			items = append(items, number(to+start))
		}
	})
	r.says(func(c *Config, layer int) string { return strconv.FormatBool(has(c, layer)) })
	return items
}

// numberString does the same with a string of numbers and commas.
func (r *rewriter) numberString(m member) bool {
	if m.v.Kind != jsontext.String || !strings.Contains(m.key, "layer") && !strings.Contains(m.key, "block") && !strings.Contains(m.key, "idx") {
		return false
	}
	if len(m.v.Str) > 1 && strings.ContainsAny(m.v.Str, "-:") && strings.Trim(m.v.Str, "0123456789,-: ") == "" {
		return r.lost(m, "its ranges could not be read")
	}
	own, ok := commaNumbers(m.v)
	if !ok || len(own) == 0 || slices.Max(own) > r.base.Layers {
		return false
	}
	start, known := layerNumbers[m.key]
	if !known && (len(own) == 1 || !ascending(own)) {
		return r.lost(m, "whether it lists layers could not be told")
	}
	if !known && slices.Contains(own, r.base.Layers) {
		start = 1
	}
	items := r.renumber(m, start, func(c *Config) []int {
		list, _ := commaNumbers(c.Text.Root.Lookup(m.path))
		return list
	})
	comma := ","
	for _, c := range []string{", ", "; ", ";", ",", " "} {
		if strings.Contains(m.v.Str, c) {
			comma = c
			break
		}
	}
	r.edit(m.v, quoted(string(bytes.Join(items, []byte(comma)))))
	return true
}

func commaNumbers(v *jsontext.Value) ([]int, bool) {
	if v == nil || v.Kind != jsontext.String {
		return nil, false
	}
	var list []int
	for _, word := range strings.FieldsFunc(v.Str, func(c rune) bool { return c == ',' || c == ' ' || c == ';' }) {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			return nil, false
		}
		list = append(list, n)
	}
	return list, true
}

// ints are the whole numbers of a list.
func ints(v *jsontext.Value) []int {
	if v == nil || v.Kind != jsontext.Array {
		return nil
	}
	var list []int
	for _, el := range v.Vals {
		if n, ok := el.Int(); ok {
			list = append(list, n)
		}
	}
	return list
}

func allNumbers(v *jsontext.Value) bool { return len(ints(v)) == len(v.Vals) }

func ascending(list []int) bool {
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			return false
		}
	}
	return true
}

// groups reports whether a list holds lists of numbers of layers, as layers that
// share something are told.
func groups(m member, layers int) bool {
	if !slices.ContainsFunc([]string{"layer", "block", "share", "reuse", "group"}, func(word string) bool { return strings.Contains(m.key, word) }) {
		return false
	}
	for _, v := range m.v.Vals {
		if list := ints(v); len(list) == 0 || !allNumbers(v) || slices.Min(list) < 0 || slices.Max(list) > layers {
			return false
		}
	}
	return len(m.v.Vals) > 0
}

// looksLikeNumbers reports whether a list under a name that is not known holds
// numbers of layers: each once, in order, none beyond the last.
func looksLikeNumbers(m member, layers int) bool {
	list := ints(m.v)
	return len(list) > 0 && allNumbers(m.v) && ascending(list) && list[0] >= 0 && list[len(list)-1] <= layers &&
		!slices.Contains(taps, m.key) && !slices.Contains(outputs, m.key) && !slices.Contains(sources, m.key) &&
		slices.ContainsFunc(numberNames, func(end string) bool { return strings.HasSuffix(m.key, end) })
}

// firstNumber tells whether the numbers begin at 0 or at 1 by what the lists of
// the same object name among them.
func firstNumber(m member, layers int) (int, bool) {
	zero, end := false, false
	for i, key := range m.section.Keys {
		v := m.section.Vals[i]
		other := member{m.section, key, key, v}
		if v == m.v || v.Kind == jsontext.Array && looksLikeNumbers(other, layers) {
			zero = zero || slices.Contains(ints(v), 0)
			end = end || slices.Contains(ints(v), layers)
		}
	}
	if zero == end {
		return 0, false
	}
	if end {
		return 1, true
	}
	return 0, true
}

// stages renames what backbones call the outputs of their layers: "stem", then
// "stage1", "stage2", ….
func (r *rewriter) stages(m member) bool {
	names := m.section.Get("stage_names")
	if m.key != "stage_names" && m.key != "out_features" || m.v.Kind != jsontext.Array || names == nil || len(names.Vals) != r.base.Layers+1 {
		return false
	}
	var items [][]byte
	if m.key == "stage_names" {
		items = append(items, r.base.Text.Raw(m.v.Vals[0]))
		for i := range r.layers {
			items = append(items, quoted("stage"+strconv.Itoa(i+1)))
		}
	} else {
		for _, v := range m.v.Vals {
			word, isStage := strings.CutPrefix(v.Str, "stage")
			n, err := strconv.Atoi(word)
			if !isStage || err != nil {
				items = append(items, r.base.Text.Raw(v))
				continue
			}
			now, ok := r.tap(n, true)
			if !ok {
				r.refuse("%s takes what layer %d of %q makes, and the result has no such layer", m.path, n-1, r.base.Name)
				return true
			}
			items = append(items, quoted("stage"+strconv.Itoa(now)))
		}
	}
	r.edit(m.v, r.base.Text.Array(m.v, items))
	return true
}

// taps rewrites the numbers of layers whose output something else takes: the
// last copy of such a layer gives it. Numbers from the end keep their meaning
// as long as the layers there do.
func (r *rewriter) taps(m member) bool {
	behind := slices.Contains(outputs, m.key)
	if !behind && !slices.Contains(taps, m.key) {
		return false
	}
	if m.key == "deepstack_visual_indexes" && !IsTower(r.base.Prefix) {
		return false // a rule of the text layers
	}
	list := []*jsontext.Value{m.v}
	if m.v.Kind == jsontext.Array {
		list = m.v.Vals
	}
	var items [][]byte
	for _, v := range list {
		n, ok := v.Int()
		if !ok {
			return r.lost(m, "it is no number of a layer")
		}
		now, ok := r.tap(n, behind)
		if !ok {
			r.refuse("%s takes what layer %d of %q makes, and the result has no such layer", m.path, n, r.base.Name)
			return true
		}
		items = append(items, number(now))
	}
	if m.v.Kind == jsontext.Array {
		r.edit(m.v, r.base.Text.Array(m.v, items))
	} else {
		r.edit(m.v, items[0])
	}
	return true
}

// tap is where the output number n is taken now. Behind says that it counts
// hidden states, of which the first is what goes into the layers.
func (r *rewriter) tap(n int, behind bool) (int, bool) {
	if behind && n == 0 {
		return 0, true
	}
	old, shift := r.base.Layers, 0
	if behind {
		shift = 1
	}
	layer, fromEnd := n-shift, n < 0
	if fromEnd {
		layer = old + n
		if n == -1 {
			return n, true
		}
	}
	at := -1
	for i, l := range r.layers {
		// A layer of another model that stands for this one, if the base's is gone.
		if l.Index == layer && (l.From == r.base || at < 0 || r.layers[at].From != r.base) {
			at = i
		}
	}
	if fromEnd {
		return at - len(r.layers), at >= 0
	}
	return at + shift, at >= 0
}

// alignmentHeads renumbers the pairs of a decoder's layer and head by which
// Whisper's generation_config.json says where to look for times.
func (r *rewriter) alignmentHeads(m member) bool {
	if m.key != "alignment_heads" || m.v.Kind != jsontext.Array || sideOf(r.base.Prefix) == encoder {
		return false
	}
	var items [][]byte
	for i, l := range r.layers {
		for _, v := range m.v.Vals {
			if pair := ints(v); len(pair) == 2 && l == (Layer{r.base, pair[0]}) {
				items = append(items, []byte("["+strconv.Itoa(i)+", "+strconv.Itoa(pair[1])+"]"))
			}
		}
	}
	r.edit(m.v, r.base.Text.Array(m.v, items))
	return true
}
