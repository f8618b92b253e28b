package config

import (
	"slices"

	"longcat/merge/jsontext"
)

// Rewrite returns the edits of the base's config that make it right for the
// layers, and remarks about what may not be.
func Rewrite(base *Config, layers []Layer) (edits []jsontext.Edit, remarks []string, err error) {
	r := &rewriter{base: base, layers: layers}
	if r.unchanged() {
		return nil, nil, nil
	}
	r.setCounts()
	r.object("", base.Text.Root)
	r.modelType()
	r.structure()
	return r.edits, r.remarks, r.err
}

// Modules returns the edits of another file of the base that names modules or
// their heads, such as the rules of a quantisation.
func Modules(base *Config, layers []Layer) ([]jsontext.Edit, error) {
	r := &rewriter{base: base, layers: layers}
	if r.unchanged() || base.Text.Root.Kind != jsontext.Object {
		return nil, nil
	}
	r.modules("", base.Text.Root)
	return r.edits, r.err
}

// modules goes through the members of an object for names of modules alone.
func (r *rewriter) modules(path string, obj *jsontext.Value) {
	for i, key := range obj.Keys {
		m := member{obj, join(path, key), key, obj.Vals[i]}
		if !r.moduleNames(m) && !r.alignmentHeads(m) && m.v.Kind == jsontext.Object {
			r.modules(m.path, m.v)
		}
	}
}

// object goes through the members of an object, and down.
func (r *rewriter) object(path string, obj *jsontext.Value) {
	for i, key := range obj.Keys {
		m := member{obj, join(path, key), key, obj.Vals[i]}
		if obj.Get(key) != m.v {
			continue // given again further down
		}
		if r.moduleNames(m) {
			continue
		}
		if r.speaks(path, key) && slices.ContainsFunc(forms, func(form func(*rewriter, member) bool) bool { return form(r, m) }) {
			continue
		}
		if m.v.Kind == jsontext.Object {
			r.object(m.path, m.v)
		}
	}
}
