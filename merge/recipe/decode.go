package recipe

import (
	"slices"
	"strings"

	"longcat/internal/suggest"
	"longcat/merge/safetensors"

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
		d := &decoder{file: file, visits: visits, warned: map[Warning]bool{}}
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

// decoder turns the nodes of one document into values by the table of keys. It
// keeps the first error and goes on, so that only who needs to looks at it.
type decoder struct {
	file     string
	visits   int
	err      *Error
	method   *Method // of the document
	warnings []Warning
	warned   map[Warning]bool
	used     map[*yaml.Node]bool // anchors that keys of the table lead to
}

// object is a mapping of the recipe, decoded by its ObjectType.
type object struct {
	Pos
	fields map[string]value
}

type value struct {
	key, at Pos // of the key, of the value
	v       any // by Kind: string, int, bool, safetensors.DType, *Method, Ref, Tokenizer, [2]int, *object, []*object, []named, settings, []float64, Token
}

// named is an element of a Map.
type named struct {
	Pos
	name string
	*object
}

// get gives the value of a key, the zero value if it is not there.
func get[T any](o *object, key string) T {
	v, _ := o.fields[key].v.(T)
	return v
}

// ref gives the model that a key names, nil if it is not there.
func (o *object) ref(key string) *Ref {
	if r, ok := o.fields[key].v.(Ref); ok {
		return &r
	}
	return nil
}

func (o *object) has(key string) bool { _, ok := o.fields[key]; return ok }

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

// choice reads one of several words. others are spellings of people with the
// word that they stand for.
func (d *decoder) choice(n *yaml.Node, what string, words []string, others map[string]string) string {
	w := d.word(n, what)
	if d.err == nil && !slices.Contains(words, w) {
		e := d.fail(n, "unknown %s %q", what, w)
		if e.Suggest = others[strings.ToLower(w)]; e.Suggest == "" {
			e.Suggest = suggest.Nearest(w, words)
		}
		if len(words) < 5 && e.Suggest == "" {
			e.Msg += "; there are " + strings.Join(words, ", ")
		}
	}
	return w
}

var dtypes = map[string]safetensors.DType{
	"bfloat16": safetensors.BF16, "float16": safetensors.F16,
	"float32": safetensors.F32, "float64": safetensors.F64,
}

// DTypeNames are the number formats as recipes spell them.
func DTypeNames() []string { return []string{"bfloat16", "float16", "float32", "float64"} }

// DTypeOf is a number format as recipes spell it, "" for what they can not name.
func DTypeOf(t safetensors.DType) string {
	for _, name := range DTypeNames() {
		if dtypes[name] == t {
			return name
		}
	}
	return ""
}

func (d *decoder) dtype(n *yaml.Node, what string) safetensors.DType {
	if t, ok := dtypes[strings.TrimPrefix(n.Value, "torch.")]; ok && n.Kind == yaml.ScalarNode {
		return t
	}
	d.choice(n, what, DTypeNames(), map[string]string{
		"bf16": "bfloat16", "fp16": "float16", "f16": "float16", "half": "float16",
		"fp32": "float32", "f32": "float32", "float": "float32", "fp64": "float64", "f64": "float64", "double": "float64",
	})
	return ""
}

// ref reads a model's name: a word, or mergekit's long form of it.
func (d *decoder) ref(n *yaml.Node) Ref {
	if n.Kind != yaml.MappingNode {
		ref, ok := parseName(d.word(n, "a model's name"))
		if !ok {
			d.fail(n, "%q is not a model's name: want \"org/name\", \"org/name@revision\", a folder, or one of these with \"+adapter\" behind it", n.Value)
		}
		ref.Pos = posOf(n)
		if ref.Adapter != nil {
			ref.Adapter.Pos = ref.Pos
		}
		return ref
	}
	o := d.object(n, "a model")
	ref := get[Ref](o, "model")
	switch path := get[string](o, "path"); {
	case path != "" && !o.has("model"):
		ref = Ref{Name: path, Path: path, Revision: get[string](o, "revision")}
		if ref.Revision != "" {
			ref.Name += "@" + ref.Revision
		}
	case !o.has("model"):
		d.fail(n, "the model has no path")
	}
	ref.Pos = o.Pos
	if lora := o.ref("lora"); lora != nil {
		ref.Adapter = lora
	}
	return ref
}

func (d *decoder) tokenizerName(n *yaml.Node) Tokenizer {
	t := Tokenizer{}
	switch {
	case n.Kind == yaml.ScalarNode && n.Value == "base":
	case n.Kind == yaml.ScalarNode && n.Value == "union":
		t.Union = true
	default:
		ref := d.ref(n)
		t.Model = &ref
	}
	return t
}

func (d *decoder) layerRange(n *yaml.Node) (r [2]int) {
	list := d.list(n, "layer_range")
	if len(list) != 2 {
		d.fail(n, "layer_range must be two numbers: the first layer, and the one after the last")
		return r
	}
	for i := range r {
		r[i] = d.whole(list[i], "the number of a layer")
	}
	if r[0] >= r[1] {
		d.fail(n, "layer_range [%d, %d] holds no layer", r[0], r[1])
	}
	return r
}

// tokenRow reads where a token's embedding comes from.
func (d *decoder) tokenRow(n *yaml.Node) (t Token) {
	isSource := false
	if n.Kind == yaml.MappingNode {
		for _, f := range d.fields(n, "source") {
			isSource = isSource || f.key.Value == "kind"
		}
	}
	if !isSource {
		ref := d.ref(n)
		t.Model = &ref
		return t
	}
	o := d.object(n, "a token's source")
	if get[string](o, "kind") == "zero" {
		t.Zero = true
		return t
	}
	if !o.has("model") || o.has("token") == o.has("token_id") {
		d.fail(n, "kind: model_token wants a model, and token or token_id")
	}
	t.Of = &ModelToken{get[Ref](o, "model"), get[string](o, "token"), get[int](o, "token_id")}
	return t
}
