package config

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"longcat/merge/jsontext"
)

// notLayers passes what never speaks of these layers, and the counts, which are
// set.
func (r *rewriter) notLayers(m member) bool {
	return m.v.Kind != jsontext.Array && slices.Contains(r.base.counts, m.v) || slices.Contains(r.base.others, m.v) || isNothing(m.key) || m.v.Kind == jsontext.Null
}

// perLayer rearranges a list with one entry for each layer. Entries behind
// those, for the layers of next-token heads, are kept. A layer of another model
// brings the entry of its own config.
func (r *rewriter) perLayer(m member) bool {
	n := r.base.Layers
	known := slices.Contains(oneMore, m.key)
	if m.v.Kind != jsontext.Array || len(m.v.Vals) < n || len(m.v.Vals) > n && !known && !r.extra(m.v, n) {
		return false
	}
	if r.sideless(m) {
		return true
	}
	lists := map[*Config]*jsontext.Value{}
	r.each(func(c *Config) { lists[c] = c.Text.Root.Lookup(m.path) })
	lists[r.base] = m.v
	items := make([][]byte, 0, len(r.layers)+len(m.v.Vals)-n)
	for i, l := range r.layers {
		v := lists[l.From]
		if v == nil || v.Kind != jsontext.Array || len(v.Vals) < l.From.Layers {
			r.refuse("%q has no %s for its layers, which become layer %d and others of the result", l.From.Name, m.path, i)
			return true
		}
		item := l.From.Text.Raw(v.Vals[l.Index])
		if slices.Contains(sources, m.key) {
			if item = r.source(i, v.Vals[l.Index]); item == nil {
				r.refuse("%s says that layer %d of %q takes from layer %s, and no such layer stands before it in the result", m.path, l.Index, l.From.Name, v.Vals[l.Index].Str)
				return true
			}
		}
		items = append(items, item)
	}
	behind := r.base
	if last := r.layers[len(r.layers)-1].From; len(lists[last].Vals)-last.Layers == len(m.v.Vals)-n {
		behind = last
	}
	for _, v := range lists[behind].Vals[behind.Layers:] {
		items = append(items, behind.Text.Raw(v))
	}
	if !known && !slices.ContainsFunc(listNames, func(part string) bool { return strings.Contains(m.key, part) }) && !r.flat(lists) {
		r.remark("%s has as many entries as there are layers and was rearranged with them; if it speaks of something else, it has to be put back", m.path)
	}
	r.says(func(c *Config, layer int) string { return string(c.Text.Raw(lists[c].Vals[layer])) })
	r.edit(m.v, r.base.Text.Array(m.v, items))
	return true
}

// extra reports whether a list has entries for the layers beyond the count.
func (r *rewriter) extra(v *jsontext.Value, n int) bool {
	more, ok := r.base.Text.Root.Get("num_nextn_predict_layers").Int()
	return ok && more > 0 && len(v.Vals) == n+more || r.base.Extra > 0 && len(v.Vals) == n+r.base.Extra
}

// flat reports whether all entries of the lists are the same, so that only the
// length can be wrong.
func (r *rewriter) flat(lists map[*Config]*jsontext.Value) bool {
	one := string(r.base.Text.Raw(lists[r.base].Vals[0]))
	for c, v := range lists {
		if slices.ContainsFunc(v.Vals, func(el *jsontext.Value) bool { return string(c.Text.Raw(el)) != one }) {
			return false
		}
	}
	return true
}

// source is the number that the layer which the one at i takes from has now:
// the nearest of its copies that is not behind.
func (r *rewriter) source(i int, v *jsontext.Value) []byte {
	n, ok := v.Int()
	for j := i; ok && j >= 0; j-- {
		if r.layers[j] == (Layer{r.layers[i].From, n}) {
			return number(j)
		}
	}
	return nil
}

// letters rearranges a string with one letter for each layer.
func (r *rewriter) letters(m member) bool {
	if m.v.Kind != jsontext.String || !strings.Contains(m.key, "pattern") && !strings.Contains(m.key, "types") && !strings.Contains(m.key, "layout") {
		return false
	}
	texts := map[*Config][]rune{}
	r.each(func(c *Config) {
		if v := c.Text.Root.Lookup(m.path); v != nil && v.Kind == jsontext.String {
			texts[c] = []rune(v.Str)
		}
	})
	texts[r.base] = []rune(m.v.Str)
	if utf8.RuneCountInString(m.v.Str) != r.base.Layers {
		if m.v.Str == "" || !speaksOfLayers(m.key) && !strings.Contains(m.key, "pattern") {
			return false
		}
		return r.cycle(m) || r.lost(m, "its letters are not one for each layer")
	}
	var out []rune
	for i, l := range r.layers {
		if len(texts[l.From]) != l.From.Layers {
			r.refuse("%q has no %s for its layers, which become layer %d and others of the result", l.From.Name, m.path, i)
			return true
		}
		out = append(out, texts[l.From][l.Index])
	}
	r.says(func(c *Config, layer int) string { return string(texts[c][layer]) })
	r.edit(m.v, quoted(string(out)))
	return true
}

// lost remarks on a value that speaks of layers in a way that could not be read.
func (r *rewriter) lost(m member, why string) bool {
	r.remark("%s speaks of layers, and the layers have moved, but %s; it is left as it is", m.path, why)
	return true
}

// byLayer renumbers the keys of an object whose keys are layer numbers.
func (r *rewriter) byLayer(m member) bool {
	if m.v.Kind != jsontext.Object || len(m.v.Keys) == 0 || m.key == "id2label" {
		return false
	}
	width, objects := 0, true
	for i, key := range m.v.Keys {
		n, err := strconv.Atoi(key)
		if err != nil || n < 0 || n > r.base.Layers+8 {
			return false
		}
		width = max(width, len(key))
		objects = objects && m.v.Vals[i].Kind == jsontext.Object
	}
	if !objects && len(m.v.Keys) != r.base.Layers && m.key != "pruned_heads" && !strings.Contains(m.key, "layer") && !strings.Contains(m.key, "block") {
		return r.lost(m, "whether its keys are layer numbers could not be told")
	}
	if slices.ContainsFunc(m.v.Keys, func(key string) bool { return len(key) != len(m.v.Keys[0]) }) {
		width = 0 // not padded
	}
	if r.sideless(m) {
		return true
	}
	start := 0
	if m.v.Get(padded(r.base.Layers, width)) != nil && m.v.Get(padded(0, width)) == nil {
		start = 1
	}
	at := func(c *Config, layer int) *jsontext.Value {
		v := m.v
		if c != r.base {
			v = c.Text.Root.Lookup(m.path)
		}
		if found := v.Get(padded(layer+start, width)); found != nil || v == nil {
			return found
		}
		return v.Get(strconv.Itoa(layer + start))
	}
	var members []jsontext.Member
	if width == len(strconv.Itoa(r.base.Layers-1)) {
		width = max(width, len(strconv.Itoa(len(r.layers)-1)))
	}
	for i, l := range r.layers {
		if v := at(l.From, l.Index); v != nil {
			members = append(members, jsontext.Member{Key: padded(i+start, width), Text: l.From.Text.Raw(v)})
		}
	}
	r.extras(func(l Layer, to int) {
		if v := at(l.From, l.Index); v != nil {
			members = append(members, jsontext.Member{Key: padded(to+start, width), Text: l.From.Text.Raw(v)})
		}
	})
	r.says(func(c *Config, layer int) string {
		if v := at(c, layer); v != nil {
			return string(c.Text.Raw(v))
		}
		return ""
	})
	r.edit(m.v, r.base.Text.Object(m.v, members))
	return true
}

// padded is n with zeros before it up to the width.
func padded(n, width int) string {
	s := strconv.Itoa(n)
	return strings.Repeat("0", max(width-len(s), 0)) + s
}

// cycle writes out a list or string of kinds that the model repeats over its
// depth: what is as long as the depth repeats as itself.
func (r *rewriter) cycle(m member) bool {
	if m.key == "attention_types" {
		return r.repeats(m)
	}
	if !slices.Contains(cycles, m.key) || m.v.Kind != jsontext.Array && m.v.Kind != jsontext.String {
		return false
	}
	entries := func(c *Config) [][]byte {
		v := m.v
		if c != r.base {
			v = c.Text.Root.Lookup(m.path)
		}
		var list [][]byte
		switch {
		case v != nil && v.Kind == jsontext.Array:
			for _, el := range v.Vals {
				list = append(list, c.Text.Raw(el))
			}
		case v != nil && v.Kind == jsontext.String:
			for _, letter := range v.Str {
				list = append(list, []byte(string(letter)))
			}
		}
		return list
	}
	all := map[*Config][][]byte{}
	r.each(func(c *Config) { all[c] = entries(c) })
	own := all[r.base]
	if len(own) == 0 {
		return false
	}
	same := true
	var items [][]byte
	for i, l := range r.layers {
		of := all[l.From]
		if len(of) == 0 {
			r.refuse("%q has no %s for its layers, which become layer %d and others of the result", l.From.Name, m.path, i)
			return true
		}
		items = append(items, of[l.Index%len(of)])
		same = same && string(items[i]) == string(own[i%len(own)])
	}
	r.says(func(c *Config, layer int) string { return string(all[c][layer%len(all[c])]) })
	switch {
	case same || m.v.Kind == jsontext.String && r.isSaid(m.section, layerTypes):
	case m.v.Kind == jsontext.Array:
		r.edit(m.v, r.base.Text.Array(m.v, items))
	default:
		r.edit(m.v, quoted(string(slices.Concat(items...))))
	}
	return true
}

// repeats writes out GPT-Neo's attention_types: kinds with how often they are
// repeated, such as [[["global", "local"], 12]].
func (r *rewriter) repeats(m member) bool {
	kinds := map[*Config][][]byte{}
	r.each(func(c *Config) {
		v := c.Text.Root.Lookup(m.path)
		if v == nil {
			return
		}
		for _, part := range v.Vals {
			if len(part.Vals) != 2 {
				return
			}
			times, _ := part.Vals[1].Int()
			for range min(times, 1000) {
				for _, kind := range part.Vals[0].Vals {
					kinds[c] = append(kinds[c], c.Text.Raw(kind))
				}
			}
		}
	})
	var items []string
	for _, l := range r.layers {
		if len(kinds[l.From]) != l.From.Layers {
			return r.lost(m, "its kinds are not one for each layer")
		}
		items = append(items, string(kinds[l.From][l.Index]))
	}
	r.says(func(c *Config, layer int) string { return string(kinds[c][layer]) })
	r.edit(m.v, []byte("[[["+strings.Join(items, ", ")+"], 1]]"))
	return true
}

// quoted is s as JSON.
func quoted(s string) []byte {
	b, err := json.Marshal(s)
	if err != nil {
		panic("config: encoding a string: " + err.Error()) // strings always encode
	}
	return b
}
