package recipe_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"unicode/utf16"

	"longcat/merge/recipe"

	"github.com/google/go-cmp/cmp"
)

// TestEncodings reads a recipe in each encoding; what is kept is UTF-8.
func TestEncodings(t *testing.T) {
	text := "# caf\u00e9 \U0001f408\n" + recipeOf("", "m 0 2")
	wide := func(order binary.AppendByteOrder, s string) (b []byte) {
		for _, u := range utf16.Encode([]rune(s)) {
			b = order.AppendUint16(b, u)
		}
		return b
	}
	for name, data := range map[string][]byte{
		"UTF-8":             []byte(text),
		"UTF-8 marked":      []byte("\ufeff" + text),
		"UTF-16LE":          wide(binary.LittleEndian, "\ufeff"+text),
		"UTF-16BE":          wide(binary.BigEndian, "\ufeff"+text),
		"UTF-16LE unmarked": wide(binary.LittleEndian, text),
		"UTF-16BE unmarked": wide(binary.BigEndian, text),
	} {
		r, err := recipe.Parse(data, "r.yaml")
		if err != nil || !bytes.Equal(r.Text, []byte(text)) {
			t.Errorf("%s: %v, kept %+v", name, err, r)
		}
	}
}

// TestOwnKeys takes keys that hold anchors, through other such keys too.
func TestOwnKeys(t *testing.T) {
	r := parse(t, `const_tag: &MODEL ./a
factor: &FACTOR 0.5
env: &env
  parameters: {scale: [{filter: q_proj, value: *FACTOR}, {value: 1.0}]}
list:
- nested: &range [0, 4]
slices:
- sources:
  - model: *MODEL
    layer_range: *range
    <<: *env
merge_method: passthrough
`)
	in := r.Slices[0].Inputs[0]
	v, err := r.Slices[0].Values("q_proj", []string{"q_proj"}, 0)
	if err != nil || in.Model.Name != "./a" || in.To != 4 || v.Inputs[0]["scale"] != 0.5 {
		t.Errorf("%+v, %v, %v", in, v, err)
	}
}

// TestNames reads the ways to name a model. URLs are kept as written, for
// who knows Hubs.
func TestNames(t *testing.T) {
	for name, want := range map[string]recipe.Ref{
		"a":                              {Name: "a", Path: "a"},
		"./models/a":                     {Name: "./models/a", Path: "./models/a"},
		"org/a@v1":                       {Name: "org/a@v1", Path: "org/a", Revision: "v1"},
		"org/a@v1+org/b@v2":              {Name: "org/a@v1", Path: "org/a", Revision: "v1", Adapter: &recipe.Ref{Name: "org/b@v2", Path: "org/b", Revision: "v2"}},
		"https://huggingface.co/org/a":   {Name: "https://huggingface.co/org/a", Path: "https://huggingface.co/org/a"},
		"hf://org/a@v1":                  {Name: "hf://org/a@v1", Path: "hf://org/a", Revision: "v1"},
		"model:org/a":                    {Name: "model:org/a", Path: "model:org/a"},
		"{path: a}":                      {Name: "a", Path: "a"},
		"{path: a, revision: v1}":        {Name: "a@v1", Path: "a", Revision: "v1"},
		"{model: {path: a+b}, lora: c}":  {Name: "a+b", Path: "a+b", Adapter: &recipe.Ref{Name: "c", Path: "c"}},
		"{model: org/a@v1}":              {Name: "org/a@v1", Path: "org/a", Revision: "v1"},
		"{model: a, lora: {path: ./b+}}": {Name: "a", Path: "a", Adapter: &recipe.Ref{Name: "./b+", Path: "./b+"}},
	} {
		r := parse(t, "merge_method: passthrough\nslices:\n- sources:\n  - layer_range: [0, 2]\n    model: "+name+"\n")
		got := r.Slices[0].Inputs[0].Model
		if got.Line != 5 || got.Column != 12 {
			t.Errorf("%s stands at %v", name, got.Pos)
		}
		got.Pos = recipe.Pos{}
		if got.Adapter != nil {
			got.Adapter.Pos = recipe.Pos{}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestModelsOfAdapters lists a model and its adapter, each once.
func TestModelsOfAdapters(t *testing.T) {
	r := parse(t, models("linear", "parameters: {weight: 1}\n", "a+x", "a+y", "b"))
	var names []string
	for _, ref := range r.Models() {
		names = append(names, ref.Name)
	}
	if diff := cmp.Diff([]string{"a", "x", "y", "b"}, names); diff != "" {
		t.Errorf("models (-want +got):\n%s", diff)
	}
}

// TestTokenizer reads all that can be said of tokens.
func TestTokenizer(t *testing.T) {
	got := parse(t, recipeOf(`tokenizer:
  source: union
  pad_to_multiple_of: 64
  tokens:
    <|a|>: {source: m, force: true}
    <|b|>: {source: {kind: zero}}
    <|c|>: {source: {kind: model_token, model: m, token: </s>}}
    <|d|>: {source: {kind: model_token, model: {model: {path: m}}, token_id: 7}}
    <|e|>:
`, "m 0 2")).Tokenizer
	m := recipe.Ref{Name: "m", Path: "m"}
	want := recipe.Tokenizer{Union: true, PadTo: 64, Tokens: []recipe.Token{
		{Text: "<|a|>", Force: true, Model: &m},
		{Text: "<|b|>", Zero: true},
		{Text: "<|c|>", Of: &recipe.ModelToken{Model: m, Token: "</s>"}},
		{Text: "<|d|>", Of: &recipe.ModelToken{Model: m, ID: 7}},
		{Text: "<|e|>"},
	}}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b recipe.Pos) bool { return true })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestModules flattens modules into slices that know their module.
func TestModules(t *testing.T) {
	r := parse(t, `merge_method: linear
parameters: {normalize: true, weight: 1}
modules:
  text_decoder:
    models: [{model: a}, {model: b}]
    parameters: {normalize: false}
  default:
    slices:
    - sources: [{model: a, layer_range: [0, 2]}]
`)
	if len(r.Slices) != 2 || r.Slices[0].Module != "text_decoder" || r.Slices[1].Module != "" {
		t.Fatalf("%+v", r.Slices)
	}
	for i, want := range []float64{0, 1} {
		s := &r.Slices[i]
		v, err := s.Values("x", []string{"x", "x"}[:len(s.Inputs)], 0)
		if err != nil || v.Tensor["normalize"] != want {
			t.Errorf("slice %d: normalize is %v, %v", i, v.Tensor["normalize"], err)
		}
	}
}
