package modelcard_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"longcat/modelcard"
)

func TestGenerateSeed(t *testing.T) {
	readme, err := modelcard.Generate(seed())
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, readme)
	if got := c.Text("license"); got != "apache-2.0" {
		t.Errorf("license is %q", got)
	}
	if got := c.Text("base_model"); got != "rishiraj/CatPPT-base" {
		t.Errorf("base_model is %q", got)
	}
	if got := c.Strings("language"); !slices.Equal(got, []string{"en"}) {
		t.Errorf("language is %q", got)
	}
	if got := c.Strings("tags"); !slices.Equal(got, []string{"merge", "longcat", "chat"}) {
		t.Errorf("tags are %q", got)
	}
	golden(t, "testdata/golden/seed.md", readme)
	golden(t, "testdata/golden/seed.svg", modelcard.LayerMapSVG(seed().Parents, seed().Layers))
}

func parse(t *testing.T, readme []byte) *modelcard.Card {
	t.Helper()
	c, err := modelcard.Parse(readme)
	if err != nil {
		t.Fatalf("%v in\n%s", err, readme)
	}
	return c
}

func TestInheritLicense(t *testing.T) {
	parent := func(name, card string) modelcard.Parent { return modelcard.Parent{Model: name, Card: []byte(card)} }
	other := parent("a/a", "---\nlicense: other\nlicense_name: cat-1.0\nlicense_link: LICENSE.md\n---\n")
	for name, tc := range map[string]struct {
		parents []modelcard.Parent
		want    modelcard.License
		differ  bool
	}{
		"one":             {[]modelcard.Parent{parent("a/a", "---\nlicense: mit\n---\n")}, modelcard.License{ID: "mit"}, false},
		"in capitals":     {[]modelcard.Parent{parent("a/a", "---\nlicense: MIT\n---\n"), parent("b/b", "---\nlicense: [mit]\n---\n")}, modelcard.License{ID: "mit"}, false},
		"custom":          {[]modelcard.Parent{other, other}, modelcard.License{ID: "other", Name: "cat-1.0", Link: "LICENSE.md"}, false},
		"none":            {[]modelcard.Parent{parent("a/a", ""), parent("b/b", "# no front matter")}, modelcard.License{}, false},
		"different":       {[]modelcard.Parent{parent("a/a", "---\nlicense: mit\n---\n"), other}, modelcard.License{}, true},
		"one is silent":   {[]modelcard.Parent{parent("a/a", "---\nlicense: mit\n---\n"), parent("b/b", "")}, modelcard.License{}, true},
		"one is broken":   {[]modelcard.Parent{parent("a/a", "---\nlicense: mit\n---\n"), parent("b/b", "---\na: [\n---\n")}, modelcard.License{}, true},
		"hostile link":    {[]modelcard.Parent{parent("a/a", "---\nlicense: other\nlicense_link: javascript:alert(1)\n---\n")}, modelcard.License{ID: "other"}, false},
		"link to outside": {[]modelcard.Parent{parent("a/a", "---\nlicense: other\nlicense_link: ../../etc/passwd\n---\n")}, modelcard.License{ID: "other"}, false},
		"no parents":      {nil, modelcard.License{}, false},
	} {
		got, err := modelcard.InheritLicense(tc.parents)
		if got != tc.want || isLicense(err) != tc.differ {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got := (modelcard.License{Link: "LICENSE.md"}).File(); got != "LICENSE.md" {
		t.Errorf("file to carry along is %q", got)
	}
}

func TestGenerateRefusesDifferentLicenses(t *testing.T) {
	f := differing()
	_, err := modelcard.Generate(f)
	e, ok := errors.AsType[*modelcard.LicenseError](err)
	if !ok || len(e.Parents) != 2 {
		t.Fatalf("%v", err)
	}
	for _, want := range []string{"rishiraj/CatPPT-base: apache-2.0", "another/Mistral-7B: llama2"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %q", want, err)
		}
	}
	f.License = &modelcard.License{ID: "llama2"}
	readme, err := modelcard.Generate(f)
	if err != nil || parse(t, readme).Text("license") != "llama2" {
		t.Errorf("%v\n%s", err, readme)
	}
}

func TestGenerateSeveralLicenses(t *testing.T) {
	f := seed()
	f.Parents[0].Card = []byte("---\nlicense: [mit, Apache-2.0]\n---\n")
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, readme)
	if got := c.Strings("license"); !slices.Equal(got, []string{"apache-2.0", "mit"}) || len(modelcard.Check(readme)) > 0 {
		t.Errorf("license %q, %v", got, modelcard.Check(readme))
	}
	if u, err := modelcard.Update(readme, &f); err != nil || len(u.Changes) > 0 {
		t.Errorf("%q, %v", u.Changes, err)
	}
}

func TestGenerateParents(t *testing.T) {
	f := two()
	f.Parents = append(f.Parents, f.Parents[0], modelcard.Parent{Model: "/home/me/secret/My-Model", Local: true, Card: f.Parents[0].Card})
	f.Parents[1].Card = []byte("---\nlicense: apache-2.0\nlanguage: [fr, zh-CN, English]\ndatasets: [a/b, some prose]\n" +
		"pipeline_tag: text-generation\ntags: [gguf, not-for-all-audiences, 'license:x', a/b, merge]\nnew_version: x/y\n---\n")
	f.Mergekit = true
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, readme)
	for key, want := range map[string][]string{
		"base_model":          {"rishiraj/CatPPT-base", "another/Mistral-7B"},
		"base_model_relation": {"merge"},
		"language":            {"en", "fr", "zh"},
		"datasets":            {"a/b"},
		"pipeline_tag":        {"text-generation"},
		"library_name":        {"transformers"},
		"tags":                {"merge", "longcat", "mergekit", "chat", "not-for-all-audiences"},
		"new_version":         nil,
	} {
		if got := c.Strings(key); !slices.Equal(got, want) {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if strings.Contains(string(readme), "secret") {
		t.Error("the path of a folder is in the card")
	}
	if !strings.Contains(string(readme), "`My-Model`") {
		t.Error("the local parent has no name")
	}
}

// TestGenerateUse names programs only for what they run.
func TestGenerateUse(t *testing.T) {
	for _, tc := range []struct {
		architecture string
		custom       bool
		want, never  string
	}{
		{"MistralForCausalLM", false, "vllm serve", "trust_remote_code"},
		{"MistralForCausalLM", false, "convert_hf_to_gguf.py", ""},
		{"MistralForCausalLM", true, "trust_remote_code=True", "vllm"},
		{"StrangeForCausalLM", false, "AutoModelForCausalLM", "vllm"},
		{"OPTForCausalLM", false, "vllm serve", "llama.cpp"},
		{"BertForMaskedLM", false, "AutoModelForMaskedLM", "generate("},
		{"BertModel", false, "AutoModel.from_pretrained", "vllm"},
		{"", false, "## How it was made", "How to use"},
	} {
		f := seed()
		f.Architecture, f.CustomCode = tc.architecture, tc.custom
		readme, err := modelcard.Generate(f)
		text := string(readme)
		if err != nil || !strings.Contains(text, tc.want) || tc.never != "" && strings.Contains(text, tc.never) {
			t.Errorf("%+v: %v\n%s", tc, err, text)
		}
	}
}

func TestGenerateAgain(t *testing.T) {
	one, err1 := modelcard.Generate(two())
	two, err2 := modelcard.Generate(two())
	if err1 != nil || err2 != nil || string(one) != string(two) {
		t.Error("the same facts give different cards", err1, err2)
	}
}

// TestCheckGenerated holds the writer against the checker.
func TestCheckGenerated(t *testing.T) {
	for name, readme := range generated(t) {
		if problems := modelcard.Check(readme); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	for name, f := range map[string]modelcard.Facts{"seed": seed(), "two": two()} {
		readme, err := modelcard.Generate(f)
		if problems := modelcard.Check(readme); err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, problems, err)
		}
	}
}
