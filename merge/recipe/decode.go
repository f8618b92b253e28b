package recipe

import (
	"slices"

	"gopkg.in/yaml.v3"
)

// Parse reads a recipe; file is its name in messages. Several YAML documents in
// one text are several merges: those with a "name" can be used as models by the
// others, and the one without (or else the last) is the result.
//
// What is wrong with a recipe, down to a misspelled key, is an *Error.
func Parse(data []byte, file string) (*Recipe, error) {
	text, err := utf8Text(data, file)
	if err != nil {
		return nil, err
	}
	docs, err := readDocuments(text, file)
	if len(docs) > 0 {
		if what := foreign(docs[0]); what != "" {
			return nil, &Error{File: file, Pos: posOf(docs[0]), Msg: "this is " + what + ", not a merge recipe"}
		}
	}
	if err != nil {
		return nil, err
	}
	if len(docs) == 0 {
		return nil, &Error{File: file, Msg: "the recipe is empty"}
	}
	visits := 0
	all := make([]*Recipe, len(docs))
	for i, doc := range docs {
		d := &decoder{file: file, visits: visits, warned: map[Warning]bool{}, misplaced: map[string]bool{}}
		all[i] = d.recipe(doc)
		if d.err == nil {
			all[i].check(d)
		}
		if d.err != nil {
			return nil, d.err
		}
		visits = d.visits
		all[i].Text = text
	}
	return link(all)
}

// link finds the document that makes the result and makes the others its steps.
func link(all []*Recipe) (*Recipe, error) {
	result := len(all) - 1
	if i := slices.IndexFunc(all, func(r *Recipe) bool { return r.Name == "" }); i >= 0 {
		result = i
	}
	r := all[result]
	for i, step := range all {
		switch {
		case i == result:
			continue
		case step.Name == "":
			return nil, step.Errorf(step.Pos, "only one document may go without a name")
		case r.Name == step.Name || r.Step(step.Name) != nil:
			return nil, step.Errorf(step.Pos, "two documents are named %q", step.Name)
		}
		r.steps = append(r.steps, step)
	}
	for _, step := range r.steps {
		step.steps = r.steps
	}
	return r, nil
}

// object decodes a mapping by the table. Keys are read in the table's order, so
// that the method is known where parameters are met.
func (d *decoder) object(n *yaml.Node, name string) *object {
	typ := objectType(name)
	o := &object{Pos: posOf(n), fields: map[string]value{}}
	found := map[string]field{}
	for _, f := range d.fields(n, name) {
		key := typ.key(f.key.Value)
		switch {
		case key == nil && name == Objects[0].Name && d.ownKey(n, f.key):
		case key == nil:
			d.unknownKey(n, f, typ)
		case isNull(f.value):
		case key.Refused:
			d.fail(f.key, "%s is not supported", key.Name)
		case key.Ignored:
			d.warn(posOf(f.key), "%s has no effect", key.Name)
		default:
			found[key.Name] = f
		}
	}
	for _, key := range typ.Keys {
		f, ok := found[key.Name]
		switch {
		case d.err != nil:
			return o
		case ok:
			o.fields[key.Name] = value{posOf(f.key), posOf(f.value), d.value(f.value, key, name)}
		case key.Required && name == Objects[0].Name:
			d.fail(n, "%s is missing", key.Name)
		case key.Required:
			d.fail(n, "%s has no %s", name, key.Name)
		}
	}
	return o
}

// value decodes what stands behind a key of an object.
func (d *decoder) value(n *yaml.Node, key Key, in string) any {
	what := key.Name
	switch key.Type.Kind {
	case Word:
		return d.word(n, what)
	case Choice:
		return d.choice(n, what, key.Type.Words, nil)
	case Integer:
		return d.whole(n, what)
	case Boolean:
		return d.flag(n, what)
	case DTypeName:
		return d.dtype(n, what)
	case MethodName:
		d.method = FindMethod(d.choice(n, what, methodNames(), nil))
		return d.method
	case Model:
		return d.ref(n)
	case TokenizerName:
		return d.tokenizerName(n)
	case TokenRow:
		return d.tokenRow(n)
	case LayerRange:
		return d.layerRange(n)
	case Object:
		return d.object(n, key.Type.Of)
	case List:
		var list []*object
		for _, e := range d.list(n, what) {
			list = append(list, d.object(e, key.Type.Of))
		}
		return list
	case Map:
		var list []named
		for _, f := range d.fields(n, what) {
			if isNull(f.value) {
				f.value = &yaml.Node{Kind: yaml.MappingNode, Line: f.key.Line, Column: f.key.Column}
			}
			list = append(list, named{posOf(f.key), f.key.Value, d.object(f.value, key.Type.Of)})
		}
		return list
	case Parameters:
		return d.parameters(n, in)
	}
	panic("recipe: a key of no kind")
}
