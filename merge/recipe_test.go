package merge_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longcat/merge"
)

const oneSlice = "slices:\n  - sources:\n      - model: m\n        layer_range: [0, 2]\n"

// TestRecipeErrors lists recipes that are refused: where, and with what words.
func TestRecipeErrors(t *testing.T) {
	for name, c := range map[string]struct{ recipe, want string }{
		"empty":              {"", "r.yaml: the recipe is empty"},
		"comment only":       {"# nothing\n", "r.yaml: the recipe is empty"},
		"not YAML":           {"slices: [\n", "not valid YAML"},
		"a list":             {"- a\n", "r.yaml:1:1: the recipe must be a mapping"},
		"misspelled key":     {oneSlice + "merge_metod: passthrough\n", `r.yaml:5:1: unknown key "merge_metod" in the recipe (did you mean merge_method?)`},
		"strange key":        {oneSlice + "merge_method: passthrough\nzzzzzzzzzzzz: 1\n", `r.yaml:6:1: unknown key "zzzzzzzzzzzz" in the recipe`},
		"key twice":          {oneSlice + "merge_method: passthrough\nmerge_method: passthrough\n", "r.yaml:6:1: the key \"merge_method\" occurs twice"},
		"no method":          {oneSlice, "merge_method is missing"},
		"misspelled method":  {oneSlice + "merge_method: passtrough\n", "r.yaml:5:15: unknown merge_method \"passtrough\" (did you mean passthrough?)"},
		"arithmetic method":  {oneSlice + "merge_method: slerp\n", "r.yaml:5:15: merge_method slerp is not supported yet"},
		"no slices":          {"merge_method: passthrough\n", "the recipe has no slices"},
		"slices and models":  {oneSlice + "merge_method: passthrough\nmodels:\n  - model: m\n", "exclude each other"},
		"modules":            {"merge_method: passthrough\nmodules: {}\n", "r.yaml:2:1: modules is not supported yet"},
		"two models":         {"merge_method: passthrough\nmodels:\n  - model: a\n  - model: b\n", "r.yaml:4:5: merge_method passthrough takes one model"},
		"two sources":        {"merge_method: passthrough\nslices:\n- sources:\n  - {model: a, layer_range: [0, 1]}\n  - {model: b, layer_range: [0, 1]}\n", "r.yaml:3:3: a passthrough slice has exactly one source, not 2"},
		"no sources":         {"merge_method: passthrough\nslices:\n- parameters: {}\n", "r.yaml:3:3: the slice has no sources"},
		"misspelled range":   {"merge_method: passthrough\nslices:\n- sources:\n  - {model: a, layers_range: [0, 1]}\n", "did you mean layer_range?"},
		"no model":           {"merge_method: passthrough\nslices:\n- sources:\n  - layer_range: [0, 1]\n", "names no model"},
		"no range":           {"merge_method: passthrough\nslices:\n- sources:\n  - model: a\n", "has no layer_range"},
		"range of three":     {strings.Replace(oneSlice, "[0, 2]", "[0, 1, 2]", 1) + "merge_method: passthrough\n", "r.yaml:4:22: layer_range must be two numbers"},
		"range of words":     {strings.Replace(oneSlice, "[0, 2]", "[a, 2]", 1) + "merge_method: passthrough\n", `"a" is not the number of a layer`},
		"negative range":     {strings.Replace(oneSlice, "[0, 2]", "[-1, 2]", 1) + "merge_method: passthrough\n", `"-1" is not the number of a layer`},
		"empty range":        {strings.Replace(oneSlice, "[0, 2]", "[2, 2]", 1) + "merge_method: passthrough\n", "layer_range [2, 2] holds no layer"},
		"LoRA":               {strings.Replace(oneSlice, "model: m", "model: m+l", 1) + "merge_method: passthrough\n", "r.yaml:3:16: \"m+l\": a LoRA added with '+' is not supported yet"},
		"two revisions":      {strings.Replace(oneSlice, "model: m", "model: m@a@b", 1) + "merge_method: passthrough\n", "is not a model's name"},
		"empty revision":     {strings.Replace(oneSlice, "model: m", "model: m@", 1) + "merge_method: passthrough\n", "is not a model's name"},
		"long LoRA":          {strings.Replace(oneSlice, "model: m", "model: {model: {path: m}, lora: {path: l}}", 1) + "merge_method: passthrough\n", "lora is not supported yet"},
		"dtype":              {oneSlice + "merge_method: passthrough\ndtype: bfloat\n", "r.yaml:6:8: dtype \"bfloat\" is not supported yet; bfloat16, float16, float32 and float64 are (did you mean bfloat16?)"},
		"scale is a word":    {oneSlice + "merge_method: passthrough\nparameters: {scale: big}\n", `r.yaml:6:21: "big" is not a number`},
		"scale is NaN":       {oneSlice + "merge_method: passthrough\nparameters: {scale: .nan}\n", "is not a number"},
		"mixed scale":        {oneSlice + "merge_method: passthrough\nparameters: {scale: [1, {value: 2}]}\n", "is not a number"},
		"misspelled filter":  {oneSlice + "merge_method: passthrough\nparameters: {scale: [{value: 2, fliter: x}]}\n", "did you mean filter?"},
		"condition is bare":  {oneSlice + "merge_method: passthrough\nparameters: {scale: [{filter: x}]}\n", "the condition has no value"},
		"misspelled scale":   {oneSlice + "merge_method: passthrough\nparameters: {scael: 1}\n", "did you mean scale?"},
		"chat template":      {oneSlice + "merge_method: passthrough\nchat_template: chatml\n", "chat_template is not supported yet"},
		"tokenizer tokens":   {oneSlice + "merge_method: passthrough\ntokenizer: {source: base, tokens: {a: {}}}\n", "tokenizer tokens is not supported yet"},
		"tokenizer twice":    {oneSlice + "merge_method: passthrough\ntokenizer: {source: base}\ntokenizer_source: base\n", "exclude each other"},
		"residual weight":    {"merge_method: passthrough\nslices:\n- residual_weight: 1\n  sources: []\n", "residual_weight is not supported yet"},
		"python tag":         {oneSlice + "merge_method: !!python/object:os.system x\n", "the tag !!python/object:os.system is refused"},
		"python tag in list": {"merge_method: passthrough\nslices: !!python/tuple []\n", "is refused"},
		"unknown tag":        {oneSlice + "merge_method: !x passthrough\n", "the tag !x is refused"},
		"two unnamed":        {oneSlice + "merge_method: passthrough\n---\n" + oneSlice + "merge_method: passthrough\n", "only one document may go without a name"},
		"same name twice":    {oneSlice + "merge_method: passthrough\nname: a\n---\n" + oneSlice + "merge_method: passthrough\nname: a\n", `two documents are named "a"`},
		"huge":               {strings.Repeat("#", 5<<20), "5242880 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := merge.ParseRecipe([]byte(c.recipe), "r.yaml")
			var bad *merge.RecipeError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *RecipeError", err)
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
		if _, err := merge.ParseRecipe([]byte(text), "r.yaml"); err == nil {
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
		r, err := merge.ParseRecipe([]byte(text), "r.yaml")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		s := r.Slices[0]
		if s.Model.Path != "o/m" || s.Model.Revision != "v1" || s.From != 0 || s.To != 2 || string(r.Text) != text {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

// TestRecipeNotes accepts what has no effect and says so.
func TestRecipeNotes(t *testing.T) {
	r, err := merge.ParseRecipe([]byte("merge_method: passthrough\nparameters: {t: 0.5, int8_mask: true}\nslices:\n- base_model: m\n  sources:\n  - {model: m, layer_range: [0, 2]}\n"), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, n := range r.Notes {
		lines = append(lines, n.String())
	}
	got := strings.Join(lines, "\n")
	for _, want := range []string{"line 2: the parameter t has no effect", "line 2: the parameter int8_mask has no effect", "line 4: base_model"} {
		if !strings.Contains(got, want) {
			t.Errorf("no note %q in:\n%s", want, got)
		}
	}
}

// TestModels lists what must be opened: not the recipe's own steps.
func TestModels(t *testing.T) {
	text := "name: step\n" + recipeOf("", "a 0 1", "b@v 0 1") + "---\n" + recipeOf("base_model: c\ntokenizer_source: d\n", "step 0 1", "a 1 2")
	r, err := merge.ParseRecipe([]byte(text), "r.yaml")
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

func FuzzParseRecipe(f *testing.F) {
	seeds, err := filepath.Glob(filepath.Join(goldenRoot, "*", "recipe.yaml"))
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
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := merge.ParseRecipe(data, "r.yaml")
		var bad *merge.RecipeError
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("error of type %T: %v", err, err)
		}
		if err != nil {
			return
		}
		again, err := merge.ParseRecipe(r.Text, "r.yaml")
		if err != nil || len(again.Slices) != len(r.Slices) || len(again.Models()) != len(r.Models()) {
			t.Errorf("the recipe's text reads otherwise the second time: %v", err)
		}
	})
}
