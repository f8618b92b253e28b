package recipe

import (
	"slices"
	"strings"

	"longcat/internal/suggest"
	"longcat/merge/safetensors"

	"gopkg.in/yaml.v3"
)

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

// parseName reads the short form of a model's name: MODEL, MODEL@REVISION, and
// either with +ADAPTER behind it. The model may be a URL.
func parseName(name string) (ref Ref, ok bool) {
	name, adapter, has := strings.Cut(name, "+")
	path, rev, at := strings.Cut(name, "@")
	ref = Ref{Name: name, Path: path, Revision: rev}
	ok = path != "" && (!at || rev != "" && !strings.Contains(rev, "@"))
	if has && ok {
		var a Ref
		a, ok = parseName(adapter)
		ok = ok && a.Adapter == nil
		ref.Adapter = &a
	}
	return ref, ok
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
