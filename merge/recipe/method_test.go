package recipe_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"longcat/merge/recipe"

	"github.com/google/go-cmp/cmp"
)

// models writes a recipe of whole models. Each is "NAME" or "NAME {parameters}",
// more is what stands beside them.
func models(method, more string, list ...string) string {
	text := "merge_method: " + method + "\nmodels:\n"
	for _, m := range list {
		name, params, _ := strings.Cut(m, " ")
		text += "- model: " + name + "\n"
		if params != "" {
			text += "  parameters: " + params + "\n"
		}
	}
	return text + more
}

// TestMethodErrors lists recipes that no models could make right.
func TestMethodErrors(t *testing.T) {
	w, based := "{weight: 1}", "base_model: base\n"
	for name, c := range map[string]struct{ text, want string }{
		"models and modules":           {models("linear", "modules: {default: {models: [{model: a}]}}\n", "a "+w), "r.yaml:5:1: models, slices and modules exclude each other"},
		"no base":                      {models("ties", "", "a "+w, "b "+w), "r.yaml:3:3: ties needs base_model"},
		"no weight":                    {models("ties", based, "a", "b"), `r.yaml:3:3: ties needs the parameter weight, and nothing gives it for "a"`},
		"no weight in some":            {models("ties", based, "a "+w, "b"), `r.yaml:5:3: ties needs the parameter weight, and nothing gives it for "b"`},
		"empty weight":                 {models("linear", "", "a {weight: []}"), "linear needs the parameter weight"},
		"no t":                         {models("slerp", based, "base", "a"), "slerp needs the parameter t"},
		"t under a model only":         {models("slerp", based, "base", "a {t: 0.5}"), "slerp needs the parameter t, which is not read under a model"},
		"slerp of three":               {models("slerp", based+"parameters: {t: 0.5}\n", "base", "a", "b"), "slerp takes exactly 1 model besides the base, not 2"},
		"slerp with base beside":       {models("slerp", based+"parameters: {t: 0.5}\n", "a", "b"), "slerp takes exactly 1 model besides the base, not 2"},
		"nuslerp with one of two":      {models("nuslerp", based, "base "+w, "a "+w), "nuslerp takes exactly 2 models besides the base, not 1"},
		"stock of one":                 {models("model_stock", based, "a"), "model_stock takes at least 2 models besides the base, not 1"},
		"linear base without weight":   {models("linear", based, "a "+w), `r.yaml:5:13: linear takes base_model as an input, and nothing gives "base" its parameter weight`},
		"twice":                        {models("linear", "", "a "+w, "a "+w), `r.yaml:5:3: the model "a" occurs twice among the sources`},
		"word as weight":               {models("linear", "", "a {weight: much}"), `r.yaml:4:24: weight must be a number, not "much"`},
		"word as flag":                 {models("linear", "parameters: {normalize: maybe}\n", "a "+w), `normalize must be true or false, not "maybe"`},
		"quoted flag":                  {models("linear", "parameters: {normalize: 'false'}\n", "a "+w), `normalize must be true or false, not "false"`},
		"half a step":                  {models("karcher", "parameters: {max_iter: 2.5}\n", "a"), "max_iter must be a whole number, not 2.5"},
		"unknown parameter":            {models("ties", based+"parameters: {densty: 0.5}\n", "a "+w), `r.yaml:6:14: unknown parameter "densty" (did you mean density?)`},
		"negative density of dare":     {models("dare_ties", based, "a {weight: 1, density: -0.1}"), "r.yaml:4:36: density -0.1 is no probability"},
		"negative density in gradient": {models("dare_linear", based, "a {weight: 1, density: [0.5, -1]}"), "density -1 is no probability"},
		"della reaches 1":              {models("della", based, "a {weight: 1, density: 0.9}"), "r.yaml:4:27: density 0.9 and epsilon 0.15 give probabilities from 0.75 to 1.05"},
		"della reaches 0":              {models("della_linear", based+"parameters: {epsilon: 0.1}\n", "a {weight: 1, density: 0.1}"), "give probabilities from 0 to 0.2"},
		"weights without a sum":        {models("linear", "", "a {weight: 1}", "b {weight: -1}"), "r.yaml:6:16: the weights sum to 0, and normalize divides by their sum"},
		"multislerp without a sum":     {models("multislerp", "parameters: {weight: 0}\n", "a", "b"), "the weights sum to 0, and normalize_weights divides by their sum"},
		"weight beside parameters":     {"merge_method: linear\nmodels:\n- model: a\n  weight: 1\n", `r.yaml:4:3: unknown key "weight" in a model of the list; it is a parameter, and those stand under "parameters"`},
		"dtype as parameter":           {models("linear", "parameters: {dtype: float16}\n", "a "+w), "r.yaml:5:14: dtype is a key of the recipe, not a parameter"},
		"unequal slices":               {"merge_method: linear\nparameters: {weight: 1}\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n  - {model: b, layer_range: [0, 3]}\n", `r.yaml:6:5: the sources of a slice must have equally many layers: "a" has 2, "b" 3`},
		"base not a source":            {"merge_method: ties\nbase_model: base\nparameters: {weight: 1}\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n  - {model: b, layer_range: [0, 2]}\n", `r.yaml:5:3: the base model "base" must be one of the slice's sources`},
		"two bases in slices":          {"merge_method: ties\nbase_model: base\nparameters: {weight: 1}\nslices:\n- sources:\n  - {model: base, layer_range: [0, 2]}\n- base_model: b\n  sources:\n  - {model: base, layer_range: [0, 2]}\n", `the base model "b" must be one`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recipe.Parse([]byte(c.text), "r.yaml")
			if bad := (*recipe.Error)(nil); !errors.As(err, &bad) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %q in it", err, c.want)
			}
		})
	}
}

// TestMethodWarnings lists recipes that work, and what is said of them.
func TestMethodWarnings(t *testing.T) {
	w, based := "{weight: 1}", "base_model: base\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"plain ties":          {models("ties", based+"parameters: {int8_mask: true, normalize: true}\n", "base", "a {weight: 1, density: 0.5}"), nil},
		"difference":          {models("linear", "parameters: {normalize: false}\n", "a "+w, "b {weight: -1}"), nil},
		"t beyond":            {models("slerp", based+"parameters: {t: [0, 1.5]}\n", "base", "a"), []string{"line 6, column 21: t 1.5 extrapolates beyond the other model"}},
		"density over 1":      {models("ties", based, "a {weight: 1, density: 2}"), []string{"line 4, column 36: density 2 prunes no more than 1 does"}},
		"base of karcher":     {models("karcher", based, "a", "b"), []string{`line 5, column 13: karcher has no use for a base_model: "base" is merged like the models of the list`}},
		"base of passthrough": {models("passthrough", based, "a"), []string{"line 4, column 13: mergekit refuses base_model beside the model of a passthrough merge; here it gives config.json and tokenizer"}},
		"t under a model":     {models("slerp", based+"parameters: {t: 0.5}\n", "base", "a {t: 0.3}"), []string{"line 5, column 16: t under a model has no effect: it is one value for all models, of the recipe, a module or a slice"}},
		"another's":           {models("ties", based+"parameters: {gamma: 0.1, embed_slerp: true}\n", "a "+w), []string{"line 6, column 14: the parameter gamma has no effect on a ties merge", "line 6, column 26: the parameter embed_slerp has no effect on a ties merge"}},
		"weight of the base":  {models("ties", based, "base "+w, "a "+w), []string{"line 4, column 16: weight of the base has no effect"}},
		"weight of nobody":    {models("ties", based+"parameters: {weight: 2}\n", "a "+w), []string{"line 6, column 14: weight is never used here: a nearer value holds for all tensors"}},
		"behind all":          {models("linear", "", "a {weight: [{value: 1}, {filter: mlp, value: 2}]}"), []string{"line 4, column 37: this value of weight is never used: the one before it holds for all tensors"}},
		"base that is absent": {"merge_method: nuslerp\nbase_model: base\nparameters: {weight: 1}\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n  - {model: b, layer_range: [0, 2]}\n", []string{"line 2, column 13: base_model gives no weights: it is not among the sources of the slice at line 5"}},
		"in several places":   {models("model_stock", based, "a {weight: 1}", "b {weight: 2}", "c {weight: 2}"), []string{"line 4, column 16: the parameter weight has no effect on a model_stock merge (also in line 6, 8)"}},
		"dead key":            {"merge_method: passthrough\nslices:\n- residual_weight: 0.5\n  sources:\n  - {model: a, layer_range: [0, 2]}\n", []string{"line 3, column 3: residual_weight has no effect"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, w := range parse(t, c.text).Warnings {
				got = append(got, w.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func parse(t *testing.T, text string) *recipe.Recipe {
	t.Helper()
	r, err := recipe.Parse([]byte(text), "r.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestValues looks parameters up: levels, conditions, gradients, defaults.
func TestValues(t *testing.T) {
	s := &parse(t, `merge_method: ties
base_model: base
parameters:
  density: 0.25
  weight: [{filter: q_proj, value: [0.2, 1]}, {filter: "*", value: 0.5}]
  rescale: [yes, 0.0, 1]
  normalize: []
slices:
- sources:
  - {model: base, layer_range: [0, 3]}
  - model: a
    layer_range: [1, 4]
    parameters:
      weight: {filter: layers.2.mlp, value: 3}
      density: [0, 0.5, 1]
  - {model: b, layer_range: [0, 3]}
  parameters: {lambda: {filter: layers.0, value: 2}}
`).Slices[0]
	if got := s.BaseInput(); got != 0 {
		t.Fatalf("the base is input %d", got)
	}
	values := func(tensor string, in []string, at float64) recipe.Values {
		t.Helper()
		v, err := s.Values(tensor, in, at)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	got := values("layers.1.mlp.w", []string{"layers.1.mlp.w", "layers.2.mlp.w", "layers.1.mlp.w"}, 0.5)
	want := recipe.Values{
		Tensor: map[string]float64{"lambda": 1, "rescale": 0, "normalize": 1, "int8_mask": 0},
		Inputs: []map[string]float64{{}, {"weight": 3, "density": 0.5}, {"weight": 0.5, "density": 0.25}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mlp (-want +got):\n%s", diff)
	}
	got = values("layers.0.q_proj.w", []string{"layers.0.q_proj.w", "layers.1.q_proj.w", "layers.0.q_proj.w"}, 0.25)
	want = recipe.Values{
		Tensor: map[string]float64{"lambda": 2, "rescale": 1, "normalize": 1, "int8_mask": 0},
		Inputs: []map[string]float64{{}, {"weight": 0.4, "density": 0.25}, {"weight": 0.4, "density": 0.25}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("q_proj (-want +got):\n%s", diff)
	}
}

// TestValuesErrors looks up what only some tensors have, and values that fit
// together for some tensors alone.
func TestValuesErrors(t *testing.T) {
	for text, want := range map[string]string{
		models("linear", "", "a {weight: {filter: xyz, value: 1}}"):                          `r.yaml:3:3: weight has no default, and nothing gives it a value for the tensor x of "a"`,
		models("slerp", "base_model: a\nparameters: {t: {filter: y, value: 1}}\n", "a", "b"): `r.yaml:3:3: t has no default, and nothing gives it a value for the tensor x`,
		models("linear", "", "a {weight: [1, 0]}", "b {weight: [0, -1]}"):                    `r.yaml:6:16: the weights sum to 0, and normalize divides by their sum, at the tensor x`,
		models("della", "base_model: b\n", "a {weight: 1, density: [0.5, 1]}"):               "", // 0.75 is all right, 0.9 is not
	} {
		s := &parse(t, text).Slices[0]
		_, err := s.Values("x", slices.Repeat([]string{"x"}, len(s.Inputs)), 0.5)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %q in it", text, err, want)
		}
	}
	s := &parse(t, models("della", "base_model: b\n", "a {weight: 1, density: [0.5, 1]}")).Slices[0]
	if _, err := s.Values("x", []string{"x", "x"}, 0.8); err == nil {
		t.Error("a probability over 1 was accepted")
	}
}

// TestUsage tells of conditions that no tensor meets, or only behind another.
func TestUsage(t *testing.T) {
	r := parse(t, models("linear", "", "a {weight: [{filter: mlp, value: 1}, {filter: mlp.up, value: 2}, {filter: norm, value: 3}, {value: 4}]}"))
	var u recipe.Usage
	for _, name := range []string{"mlp.up", "mlp.down", "attn"} {
		if _, err := u.Values(&r.Slices[0], name, []string{name}, 0); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, w := range u.Unused(r) {
		got = append(got, w.String())
	}
	want := []string{
		`line 4, column 50: weight where the name contains "mlp.up": no tensor takes it`,
		`line 4, column 78: weight where the name contains "norm": no tensor takes it`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMethodsTable holds the table against itself: defaults that can be read,
// documentation for all.
func TestMethodsTable(t *testing.T) {
	if len(recipe.Methods) != 20 {
		t.Errorf("%d methods", len(recipe.Methods))
	}
	for _, m := range recipe.Methods {
		if m.Doc == "" {
			t.Errorf("%s is not documented", m.Name)
		}
		text := models(m.Name, "base_model: base\nparameters: {weight: 1, t: 0.5}\n", "base", "a", "b")
		switch {
		case m.Base == recipe.BaseUnused:
			text = models(m.Name, "", "a")
		case m.Max == 1:
			text = models(m.Name, "base_model: base\nparameters: {t: 0.5}\n", "base", "a")
		}
		s := parse(t, text).Slices[0]
		v, err := s.Values("x", slices.Repeat([]string{"x"}, len(s.Inputs)), 1)
		if err != nil {
			t.Errorf("%s: %v", m.Name, err)
		}
		for _, p := range m.Params {
			_, shared := v.Tensor[p.Name]
			_, own := v.Inputs[len(v.Inputs)-1][p.Name]
			if shared == own || shared != (p.Scope == recipe.PerTensor) || p.Doc == "" {
				t.Errorf("%s of %s: shared %v, of a model %v, doc %q", p.Name, m.Name, shared, own, p.Doc)
			}
		}
	}
}
