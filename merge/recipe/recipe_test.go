package recipe_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longcat/merge/recipe"
)

const oneSlice = "slices:\n  - sources:\n      - model: m\n        layer_range: [0, 2]\n"

// TestRecipeErrors lists recipes that are refused: where, and with what words.
func TestRecipeErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "r.yaml: the recipe is empty"},
		"comment only":       {"# nothing\n", "r.yaml: the recipe is empty"},
		"not YAML":           {"slices: [\n", "not valid YAML"},
		"a list":             {"- a\n", "r.yaml:1:1: the recipe must be a mapping"},
		"misspelled key":     {oneSlice + "merge_metod: passthrough\n", `r.yaml:5:1: unknown key "merge_metod" in the recipe (did you mean merge_method?)`},
		"strange key":        {oneSlice + "merge_method: passthrough\nzzzzzzzzzzzz: 1\n", `r.yaml:6:1: unknown key "zzzzzzzzzzzz" in the recipe`},
		"key twice":          {oneSlice + "merge_method: passthrough\nmerge_method: passthrough\n", "r.yaml:6:1: the key \"merge_method\" occurs twice"},
		"no method":          {oneSlice, "merge_method is missing"},
		"misspelled method":  {oneSlice + "merge_method: passtrough\n", "r.yaml:5:15: unknown merge_method \"passtrough\" (did you mean passthrough?)"},
		"no slices":          {"merge_method: passthrough\n", "the recipe has no slices"},
		"slices and models":  {oneSlice + "merge_method: passthrough\nmodels:\n  - model: m\n", "exclude each other"},
		"two models":         {"merge_method: passthrough\nmodels:\n  - model: a\n  - model: b\n", "r.yaml:4:5: passthrough takes exactly 1 model, not 2; layers of several models are stacked with one slice for each"},
		"two sources":        {"merge_method: passthrough\nslices:\n- sources:\n  - {model: a, layer_range: [0, 1]}\n  - {model: b, layer_range: [0, 1]}\n", "r.yaml:5:5: passthrough takes exactly 1 model, not 2"},
		"no sources":         {"merge_method: passthrough\nslices:\n- parameters: {}\n", "r.yaml:3:3: a slice has no sources"},
		"misspelled range":   {"merge_method: passthrough\nslices:\n- sources:\n  - {model: a, layers_range: [0, 1]}\n", "did you mean layer_range?"},
		"no model":           {"merge_method: passthrough\nslices:\n- sources:\n  - layer_range: [0, 1]\n", "a source has no model"},
		"no range":           {"merge_method: passthrough\nslices:\n- sources:\n  - model: a\n", "has no layer_range"},
		"range of three":     {strings.Replace(oneSlice, "[0, 2]", "[0, 1, 2]", 1) + "merge_method: passthrough\n", "r.yaml:4:22: layer_range must be two numbers"},
		"range of words":     {strings.Replace(oneSlice, "[0, 2]", "[a, 2]", 1) + "merge_method: passthrough\n", `the number of a layer must be a whole number, 0 or more, not "a"`},
		"negative range":     {strings.Replace(oneSlice, "[0, 2]", "[-1, 2]", 1) + "merge_method: passthrough\n", `the number of a layer must be a whole number, 0 or more, not "-1"`},
		"empty range":        {strings.Replace(oneSlice, "[0, 2]", "[2, 2]", 1) + "merge_method: passthrough\n", "layer_range [2, 2] holds no layer"},
		"two revisions":      {strings.Replace(oneSlice, "model: m", "model: m@a@b", 1) + "merge_method: passthrough\n", "is not a model's name"},
		"empty revision":     {strings.Replace(oneSlice, "model: m", "model: m@", 1) + "merge_method: passthrough\n", "is not a model's name"},
		"dtype":              {oneSlice + "merge_method: passthrough\ndtype: bfloat\n", "r.yaml:6:8: unknown dtype \"bfloat\" (did you mean bfloat16?)"},
		"scale is a word":    {oneSlice + "merge_method: passthrough\nparameters: {scale: big}\n", `r.yaml:6:21: scale must be a number, not "big"`},
		"scale is NaN":       {oneSlice + "merge_method: passthrough\nparameters: {scale: .nan}\n", `scale must be a number, not ".nan"`},
		"mixed scale":        {oneSlice + "merge_method: passthrough\nparameters: {scale: [1, {value: 2}]}\n", "scale must be a number, not a mapping"},
		"misspelled filter":  {oneSlice + "merge_method: passthrough\nparameters: {scale: [{value: 2, fliter: x}]}\n", "did you mean filter?"},
		"condition is bare":  {oneSlice + "merge_method: passthrough\nparameters: {scale: [{filter: x}]}\n", "the condition has no value"},
		"misspelled scale":   {oneSlice + "merge_method: passthrough\nparameters: {scael: 1}\n", "did you mean scale?"},
		"tokenizer twice":    {oneSlice + "merge_method: passthrough\ntokenizer: {source: base}\ntokenizer_source: base\n", "exclude each other"},
		"python tag":         {oneSlice + "merge_method: !!python/object:os.system x\n", "the tag !!python/object:os.system is refused"},
		"python tag in list": {"merge_method: passthrough\nslices: !!python/tuple []\n", "is refused"},
		"unknown tag":        {oneSlice + "merge_method: !x passthrough\n", "the tag !x is refused"},
		"two unnamed":        {oneSlice + "merge_method: passthrough\n---\n" + oneSlice + "merge_method: passthrough\n", "only one document may go without a name"},
		"same name twice":    {oneSlice + "merge_method: passthrough\nname: a\n---\n" + oneSlice + "merge_method: passthrough\nname: a\n", `two documents are named "a"`},
		"huge":               {strings.Repeat("#", 5<<20), "5242880 bytes"},

		"mapping as number":  {oneSlice + "merge_method: passthrough\nparameters: {scale: [[1]]}\n", "scale must be a number, not a list"},
		"octal layer":        {strings.Replace(oneSlice, "[0, 2]", "[0, 010]", 1) + "merge_method: passthrough\n", `not "010"`},
		"no default module":  {"merge_method: passthrough\nmodules: {}\n", "r.yaml:1:1: the recipe has no slices"},
		"module of both":     {"merge_method: passthrough\nmodules: {default: {models: [{model: a}], slices: []}}\n", "r.yaml:2:11: a module has models or slices"},
		"architecture":       {strings.Replace(oneSlice, "model: m", "model: {model: {path: m}, override_architecture: x}", 1) + "merge_method: passthrough\n", "override_architecture is not supported"},
		"two adapters":       {strings.Replace(oneSlice, "model: m", "model: a+b+c", 1) + "merge_method: passthrough\n", "is not a model's name"},
		"token's source":     {oneSlice + "merge_method: passthrough\ntokenizer: {tokens: {a: {source: {kind: nil}}}}\n", `r.yaml:6:41: unknown kind "nil"; there are zero, model_token`},
		"token of no model":  {oneSlice + "merge_method: passthrough\ntokenizer: {tokens: {a: {source: {kind: model_token, token: x}}}}\n", "kind: model_token wants a model"},
		"bf16":               {oneSlice + "merge_method: passthrough\ndtype: bf16\n", "r.yaml:6:8: unknown dtype \"bf16\" (did you mean bfloat16?)"},
		"dtype of integers":  {oneSlice + "merge_method: passthrough\nout_dtype: int64\n", "r.yaml:6:12: unknown out_dtype \"int64\""},
		"mixture of experts": {"base_model: m\ngate_mode: random\nexperts:\n- source_model: m\n", "r.yaml:1:1: this is a mergekit-moe file"},
		"axolotl":            {"base_model: m\nadapter: lora\ndatasets: []\nsequence_len: 512\n", "r.yaml:1:1: this is an axolotl file"},
		"config.json":        {`{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}`, "this is a model's configuration (config.json)"},
		"adapter_config":     {`{"peft_type": "LORA", "base_model_name_or_path": "org/x"}`, "this is the configuration of a LoRA adapter"},
		"revision beside":    {oneSlice + "        revision: x\nmerge_method: passthrough\n", `r.yaml:5:9: unknown key "revision" in a source; a model's revision is part of its name: org/name@revision`},
		"method of a slice":  {oneSlice + "    merge_method: slerp\nmerge_method: passthrough\n", `r.yaml:5:5: unknown key "merge_method" in a slice; it is a key of the recipe`},
		"layers of models":   {"merge_method: passthrough\nmodels:\n- model: m\n  layer_range: [0, 2]\n", `unknown key "layer_range" in a model of the list; it is a key of a source`},
		"mixture by method":  {"merge_method: moe\nexperts: []\n", "this is a mergekit-moe file"},
		"model card":         {"---\nlicense: mit\ntags: [merge]\n---\n# Title\n\nSome: text\n- a\n", "r.yaml:2:1: this is the front matter of a model card, not a merge recipe"},
		"Latin-1":            {"# a\n# caf\xe9\n", "r.yaml:2: the recipe is not UTF-8"},
		"UTF-32":             {"\xff\xfe\x00\x00m\x00\x00\x00", "UTF-32"},
		"anchor not used":    {oneSlice + "merge_method: passthrough\nconst_tag: &X 1\n", `r.yaml:6:1: unknown key "const_tag" in the recipe; the recipe does not use its anchor &X`},
		"anchor for itself":  {oneSlice + "merge_method: passthrough\none: &X 1\ntwo: *X\n", `r.yaml:6:1: unknown key "one"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recipe.Parse([]byte(c.text), "r.yaml")
			var bad *recipe.Error
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *recipe.Error", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %q\nwant %q in it", err, c.want)
			}
		})
	}
}

// TestRecipeBomb gives aliases of aliases, a billion values when expanded, and
// an anchor that holds itself.
func TestRecipeBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("merge_method: passthrough\nslices:\n- &a0\n  sources: [{model: m, layer_range: [0, 1]}]\n")
	b.WriteString("parameters:\n  scale: &s0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "  scale%d: &s%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*s%d, ", i-1), 10), ", "))
	}
	wide := "merge_method: passthrough\nslices: &s\n- sources: &src [{model: m, layer_range: [0, 1]}]\n" + strings.Repeat("- sources: *src\n", 50_000)
	loop := "merge_method: passthrough\nslices:\n- &a\n  <<: *a\n"
	for _, text := range []string{b.String(), wide, loop} {
		if _, err := recipe.Parse([]byte(text), "r.yaml"); err == nil {
			t.Error("a bomb was accepted")
		}
	}
}

// TestRecipeForms reads the forms in which mergekit users write the same thing.
func TestRecipeForms(t *testing.T) {
	for name, text := range map[string]string{
		"flow":        `{merge_method: passthrough, slices: [{sources: [{model: o/m@v1, layer_range: [0, 2]}]}]}`,
		"JSON":        `{"merge_method": "passthrough", "slices": [{"sources": [{"model": "o/m@v1", "layer_range": [0, 2]}]}]}`,
		"long model":  "merge_method: passthrough\nslices:\n- sources:\n  - model: {model: {path: o/m, revision: v1}}\n    layer_range: ['0', 2]\n",
		"merge key":   "merge_method: passthrough\nslices:\n- sources:\n  - <<: &m {model: o/m@v1, layer_range: [7, 9]}\n    layer_range: [0, 2]\n",
		"merge list":  "merge_method: passthrough\nslices:\n- sources:\n  - <<: [{layer_range: [0, 2]}, {model: o/m@v1, layer_range: [1, 2]}]\n",
		"null values": "merge_method: passthrough\nbase_model: null\ndtype: ~\ntokenizer_source:\nparameters:\nslices:\n- sources:\n  - {model: o/m@v1, layer_range: [0, 2], parameters: null}\n",
		"documents":   "---\nmerge_method: passthrough\nslices:\n- sources:\n  - {model: o/m@v1, layer_range: [0, 2]}\n...\n---\n",
	} {
		r, err := recipe.Parse([]byte(text), "r.yaml")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := r.Slices[0].Inputs[0]
		if s.Model.Path != "o/m" || s.Model.Revision != "v1" || s.From != 0 || s.To != 2 || string(r.Text) != text {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

// TestRecipeNotes accepts what has no effect and says so.
func TestRecipeNotes(t *testing.T) {
	r, err := recipe.Parse([]byte("merge_method: passthrough\nparameters: {t: 0.5, int8_mask: true}\nslices:\n- base_model: m\n  sources:\n  - {model: m, layer_range: [0, 2]}\n"), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range r.Warnings {
		lines = append(lines, n.String())
	}
	got := strings.Join(lines, "\n")
	for _, want := range []string{"line 2, column 14: the parameter t has no effect", "line 2, column 22: the parameter int8_mask has no effect", "line 4, column 3: base_model"} {
		if !strings.Contains(got, want) {
			t.Errorf("no note %q in:\n%s", want, got)
		}
	}
}

// TestModels lists what must be opened: not the recipe's own steps.
func TestModels(t *testing.T) {
	text := "name: step\n" + recipeOf("", "a 0 1", "b@v 0 1") + "---\n" + recipeOf("base_model: c\ntokenizer_source: d\n", "step 0 1", "a 1 2")
	r, err := recipe.Parse([]byte(text), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, ref := range r.Models() {
		names = append(names, fmt.Sprintf("%s:%d", ref.Name, ref.Line))
	}
	if got := strings.Join(names, " "); got != "a:4 b@v:7 c:19 d:20" {
		t.Errorf("got %s", got)
	}
}

func FuzzParse(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join("..", "testdata", "golden", "*", "recipe.yaml"))
	if err != nil || len(seeds) == 0 {
		f.Fatalf("%d seeds, %v", len(seeds), err)
	}
	for _, s := range seeds {
		data, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("name: a\n" + recipeOf("tokenizer: {source: union}\n", "x 0 1") + "---\n" + recipeOf("", "a 0 1")))
	f.Add([]byte("slices:\n- <<: [&a {sources: *a}]\n"))
	f.Add([]byte("own: &x 1\n" + models("ties", "base_model: b\nparameters: {density: [{filter: a, value: [1, 0]}, {value: *x}]}\n", "a+l {weight: [1, 2]}", "b")))
	f.Add([]byte("\xff\xfem\x00:\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := recipe.Parse(data, "r.yaml")
		var bad *recipe.Error
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if err != nil {
			return
		}
		again, err := recipe.Parse(r.Text, "r.yaml")
		if err != nil || len(again.Slices) != len(r.Slices) || len(again.Models()) != len(r.Models()) {
			t.Errorf("the recipe's text reads otherwise the second time: %v", err)
		}
		for i := range r.Slices {
			s := &r.Slices[i]
			for _, at := range []float64{0, 0.3, 1} {
				if _, err := s.Values("a.0.b", slices.Repeat([]string{"a.1.b"}, len(s.Inputs)), at); err != nil && !errors.As(err, &bad) {
					t.Errorf("error of type %T: %v", err, err)
				}
			}
		}
	})
}

// recipeOf writes a passthrough recipe: more keys, and slices as "MODEL FROM TO".
func recipeOf(more string, slices ...string) string {
	text := "slices:\n"
	for _, s := range slices {
		part := strings.Fields(s)
		text += fmt.Sprintf("  - sources:\n      - model: %s\n        layer_range: [%s, %s]\n", part[0], part[1], part[2])
	}
	return text + "merge_method: passthrough\n" + more
}
