package recipe

import (
	"longcat/merge/safetensors"

	"gopkg.in/yaml.v3"
)

// recipe decodes a document.
func (d *decoder) recipe(n *yaml.Node) *Recipe {
	o := d.object(n, "the recipe")
	r := &Recipe{
		Pos: o.Pos, File: d.file, Name: get[string](o, "name"),
		Method: d.method, MethodPos: o.fields["merge_method"].at, Base: o.ref("base_model"),
		DType: get[safetensors.DType](o, "dtype"), OutDType: get[safetensors.DType](o, "out_dtype"),
		ChatTemplate: get[string](o, "chat_template"), ChatTemplatePos: o.fields["chat_template"].at,
		settings: get[settings](o, "parameters"),
	}
	if d.err != nil {
		return r
	}
	d.tokenizer(r, o)
	switch count(o, "models", "slices", "modules") {
	case 0:
		d.failAt(o.Pos, "the recipe has no slices, models or modules")
	case 1:
		for _, m := range get[[]named](o, "modules") {
			d.module(r, m)
		}
		d.slices(r, o, "", r.settings)
	default:
		d.failAt(secondOf(o, "models", "slices", "modules"), "models, slices and modules exclude each other")
	}
	r.Warnings = d.warnings
	return r
}

func count(o *object, keys ...string) (n int) {
	for _, k := range keys {
		if o.has(k) {
			n++
		}
	}
	return n
}

// secondOf is where the second of several keys stands in the text.
func secondOf(o *object, keys ...string) Pos {
	var first, second Pos
	for _, k := range keys {
		at := o.fields[k].key
		switch {
		case !o.has(k):
		case first == Pos{} || at.compare(first) < 0:
			first, second = at, first
		case second == Pos{} || at.compare(second) < 0:
			second = at
		}
	}
	return second
}

func (d *decoder) module(r *Recipe, m named) {
	name := m.name
	if name == "default" {
		name = ""
	}
	if count(m.object, "models", "slices") != 1 {
		d.failAt(m.Pos, "a module has models or slices, one of the two")
		return
	}
	d.slices(r, m.object, name, get[settings](m.object, "parameters"), r.settings)
}

// slices adds what stands under slices, or under models, of which all layers
// make one slice. shared are the parameters around them, the nearest first.
func (d *decoder) slices(r *Recipe, o *object, module string, shared ...settings) {
	add := func(s Slice) {
		s.Module, s.method, s.file = module, d.method, d.file
		r.Slices = append(r.Slices, s)
	}
	for _, sl := range get[[]*object](o, "slices") {
		s := Slice{Pos: sl.Pos, Base: r.Base, shared: append([]settings{get[settings](sl, "parameters")}, shared...)}
		if b := sl.ref("base_model"); b != nil {
			s.Base = b
			if d.method.Base == BaseUnused {
				d.warn(sl.fields["base_model"].key, "base_model of a slice has no effect on a %s merge", d.method.Name)
			}
		}
		for _, src := range get[[]*object](sl, "sources") {
			rng := get[[2]int](src, "layer_range")
			s.Inputs = append(s.Inputs, Input{
				Pos: src.Pos, Model: get[Ref](src, "model"), From: rng[0], To: rng[1], Range: src.fields["layer_range"].at, settings: get[settings](src, "parameters"),
			})
		}
		add(s)
	}
	models := get[[]*object](o, "models")
	if len(models) == 0 {
		if o.has("models") {
			d.failAt(o.fields["models"].key, "the recipe has no slices: models is empty")
		} else if o.has("slices") && len(r.Slices) == 0 {
			d.failAt(o.fields["slices"].key, "the recipe has no slices")
		}
		return
	}
	s := Slice{Pos: models[0].Pos, Base: r.Base, shared: shared}
	listed := false
	for _, m := range models {
		in := Input{Pos: m.Pos, Model: get[Ref](m, "model"), All: true, settings: get[settings](m, "parameters")}
		listed = listed || r.Base != nil && in.Model.String() == r.Base.String()
		s.Inputs = append(s.Inputs, in)
	}
	if r.Base != nil && !listed && d.method.Base != BaseUnused {
		s.Inputs = append(s.Inputs, Input{Pos: r.Base.Pos, Model: *r.Base, All: true, Implied: true})
	}
	add(s)
}

// tokenizer reads the keys that say whose tokenizer the result gets.
func (d *decoder) tokenizer(r *Recipe, o *object) {
	if src, ok := o.fields["tokenizer_source"]; ok {
		r.Tokenizer, _ = src.v.(Tokenizer)
		r.Tokenizer.Pos = src.key
	}
	t, ok := o.fields["tokenizer"]
	if !ok {
		return
	}
	if o.has("tokenizer_source") {
		d.failAt(t.key, "tokenizer and tokenizer_source exclude each other")
	}
	sub := get[*object](o, "tokenizer")
	if r.Tokenizer = get[Tokenizer](sub, "source"); !sub.has("source") {
		r.Tokenizer.Union = true
	}
	r.Tokenizer.Pos = t.key
	r.Tokenizer.PadTo = get[int](sub, "pad_to_multiple_of")
	for _, e := range get[[]named](sub, "tokens") {
		tok := get[Token](e.object, "source")
		tok.Pos, tok.Text, tok.Force = e.Pos, e.name, get[bool](e.object, "force")
		r.Tokenizer.Tokens = append(r.Tokenizer.Tokens, tok)
	}
}
