package config

import (
	"slices"
	"strings"

	"longcat/merge/jsontext"
)

// Section is an object in a config: the config itself, text_config, ….
type Section struct {
	Path  string // "" for the root
	Obj   *jsontext.Value
	Tower bool // describes a vision or audio part
}

// Sections lists the config's objects, the root first.
func Sections(root *jsontext.Value) []Section {
	if root == nil || root.Kind != jsontext.Object {
		return nil
	}
	list := []Section{{Obj: root}}
	for i := 0; i < len(list); i++ {
		s := list[i]
		for j, key := range s.Obj.Keys {
			if child := s.Obj.Vals[j]; child.Kind == jsontext.Object {
				list = append(list, Section{join(s.Path, key), child, s.Tower || IsTower(key)})
			}
		}
	}
	return list
}

func join(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// towerWords in a tensor's prefix or a config key mark the parts of a model that
// look at images or listen, as against those that write text.
var towerWords = []string{"vision", "visual", "image", "audio", "speech", "qformer", "vit", "talker", "code2wav", "projector"}

// IsTower reports whether a name speaks of such a part.
func IsTower(name string) bool {
	name = strings.ReplaceAll(strings.ToLower(name), "vocab_projector", "") // a head for words
	return slices.ContainsFunc(towerWords, func(w string) bool { return strings.Contains(name, w) })
}

// side is the half of an encoder–decoder model that a prefix, a section or a
// key speaks of.
type side int

const (
	neither side = iota
	encoder
	decoder
)

// sideOf looks at the last part of the name that speaks of a side.
func sideOf(name string) side {
	e, d := strings.LastIndex(name, "encoder"), strings.LastIndex(name, "decoder")
	switch {
	case d > e:
		return decoder
	case e > d:
		return encoder
	}
	return neither
}

// Count is a number of layers in a config.
type Count struct {
	Key   string
	Value *jsontext.Value
	N     int
	in    Section
}

// Counts lists the layer counts of all sections.
func Counts(sections []Section) []Count {
	list := countsBy(sections, func(key string) bool { return slices.Contains(countKeys, key) })
	if len(list) == 0 {
		list = countsBy(sections, func(key string) bool { return speaksOfLayers(key) })
	}
	if len(list) > 0 {
		return list
	}
	for _, s := range sections { // a list of kinds counts by its length
		for _, key := range layerTypes {
			if v := s.Obj.Get(key); v != nil && v.Kind == jsontext.Array && len(v.Vals) > 0 {
				list = append(list, Count{key, v, len(v.Vals), s})
			}
		}
	}
	return list
}

func countsBy(sections []Section, is func(string) bool) []Count {
	var list []Count
	for _, s := range sections {
		for i, key := range s.Obj.Keys {
			v := s.Obj.Vals[i]
			if n, ok := v.Int(); ok && n > 0 && is(key) {
				list = append(list, Count{key, v, n, s})
			}
		}
	}
	return list
}

// Tower reports whether the count stands in the section of a tower.
func (c Count) Tower() bool { return c.in.Tower }

// Depth is what a config says about one stack of layers.
type Depth struct {
	Prefix string // of its tensors
	Layers int    // what the config counts; the stack may go on after it
	// ModelType is what the section that counts the layers says it is, else the
	// config as a whole.
	ModelType string
	TwoSided  bool // the checkpoint has an encoder and a decoder, and this is one of them
	counts    []*jsontext.Value
	others    []*jsontext.Value // counts of the other side
	sections  []string          // paths of those that may speak of the stack
	// decoderCount is the section that has to count the decoder's layers in a
	// key of its own as soon as the two sides differ; old is what it counts now.
	decoderCount *jsontext.Value
	decoder      bool // the stack is the decoder
}

// DepthOf finds the counts and the sections that belong to the stack at prefix,
// which has length layers. Others are the prefixes of the checkpoint's other
// stacks. Not ok if nothing counts it.
func DepthOf(sections []Section, counts []Count, prefix string, length int, others []string) (Depth, bool) {
	d := Depth{Prefix: prefix}
	towers := slices.ContainsFunc(counts, Count.Tower)
	mine := sideOf(prefix)
	twoSided := mine != neither && slices.ContainsFunc(others, func(p string) bool {
		s := sideOf(p)
		return s != neither && s != mine && IsTower(p) == IsTower(prefix)
	})
	d.TwoSided = twoSided
	fits := func(s Section) bool {
		if s.Tower != IsTower(prefix) && (s.Tower || towers) {
			return false
		}
		theirs := sideOf(s.Path)
		return !twoSided || theirs == neither || theirs == mine
	}
	otherSide := func(c Count) bool {
		theirs := sideOf(c.Key)
		if theirs == neither && twoSided && sideOf(c.in.Path) == neither && slices.ContainsFunc(counts, func(o Count) bool { return o.in.Path == c.in.Path && sideOf(o.Key) == decoder }) {
			theirs = encoder // the plain count beside the decoder's
		}
		return theirs != neither && mine != neither && theirs != mine
	}
	counted := func(c Count) bool { return fits(c.in) && c.N <= length && !otherSide(c) }
	// Of several sections, the one that is named like a part of the prefix counts
	// the stack, else the config itself and those for text, else any.
	rank := func(s Section) int {
		key := s.Path[strings.LastIndexByte(s.Path, '.')+1:]
		key = strings.TrimSuffix(strings.TrimSuffix(key, "_config"), "_model")
		switch {
		case key == "" || slices.Contains(textSections, key) || IsTower(key):
			return 1
		case slices.Contains(strings.Split(prefix, "."), key):
			return 0
		}
		return 2
	}
	best := 2
	for _, c := range counts {
		if counted(c) && c.N == length {
			best = min(best, rank(c.in))
		}
	}
	anySection := counted
	counted = func(c Count) bool { return anySection(c) && rank(c.in) <= best }
	var keys []Count
	for _, c := range counts {
		if !counted(c) {
			continue
		}
		if c.N > d.Layers { // of several that fit, the one nearest to the stack's length
			d.Layers, keys = c.N, nil
		}
		if c.N == d.Layers {
			keys = append(keys, c)
		}
	}
	if keys == nil {
		return d, false
	}
	for _, c := range counts {
		if otherSide(c) || best == 0 && !slices.Contains(keys, c) {
			d.others = append(d.others, c.Value)
		}
	}
	for _, c := range keys {
		if twoSided && sideOf(c.Key) == neither && sideOf(c.in.Path) == neither && !slices.ContainsFunc(counts, func(o Count) bool { return o.in.Path == c.in.Path && sideOf(o.Key) != neither }) {
			if d.decoderCount, d.decoder = c.in.Obj, mine == decoder; d.decoder {
				d.others = append(d.others, c.Value)
				continue // what is there stays the encoder's
			}
		}
		d.counts = append(d.counts, c.Value)
	}
	for _, o := range []*jsontext.Value{sections[0].Obj, keys[0].in.Obj} {
		if v := o.Get("model_type"); v != nil && v.Kind == jsontext.String {
			d.ModelType = v.Str
		}
	}
	// A section that counts layers of its own speaks of those.
	foreign := func(s Section) bool {
		return slices.ContainsFunc(counts, func(c Count) bool {
			own := c.in.Path != "" && (c.in.Path == s.Path || strings.HasPrefix(s.Path, c.in.Path+"."))
			return own && !slices.ContainsFunc(keys, func(k Count) bool { return k.in.Path == c.in.Path || strings.HasPrefix(k.in.Path, c.in.Path+".") })
		})
	}
	for _, s := range sections {
		if fits(s) && !foreign(s) {
			d.sections = append(d.sections, s.Path)
		}
	}
	return d, true
}

// Has reports whether the section at path may speak of the stack.
func (d Depth) Has(path string) bool { return slices.Contains(d.sections, path) }
