package modelcard_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"longcat/modelcard"
)

func TestFindRecipe(t *testing.T) {
	const config = "models:\n- model: a/b\n- model: c/d\n"
	for name, tc := range map[string]struct {
		config, readme string
		source         string
		line           int
		models         string
	}{
		"config first":       {config, "```yaml\nslices: [{sources: [{model: x/y}]}]\n```\n", "mergekit_config.yml", 1, "a/b c/d"},
		"broken config":      {"models: [", "---\nlicense: mit\n---\n\n```\n" + config + "```\n", "README.md", 6, "a/b c/d"},
		"other fence first":  {"", "```python\nmodels = []\n```\n~~~ yamly\n" + config + "~~~\n", "README.md", 5, "a/b c/d"},
		"in a quotation":     {"", "> ```\n> models:\n> - model: a/b\n> ```\n", "README.md", 2, "a/b"},
		"in a list":          {"", "- so:\n\n  ```yaml\n  models:\n  - model: a/b\n  ```\n", "README.md", 4, "a/b"},
		"never closed":       {"", "# X\n```yaml\n" + config, "README.md", 3, "a/b c/d"},
		"bare, then a list":  {"", "Recipe:\n\n" + config + "\n- tall\n- grey\n\nText: more\n", "README.md", 3, "a/b c/d"},
		"nested reference":   {"", "```\nbase_model: {model: {path: e/f, revision: x}}\nmodels: [{model: a/b}]\n```\n", "README.md", 2, "e/f a/b"},
		"CR LF":              {"", "```\r\nmodels:\r\n- model: a/b\r\n```\r\n", "README.md", 2, "a/b"},
		"no models in prose": {"", "models: are nice\n\n```yaml\nmodels: none\nslices: []\n```\n", "", 0, ""},
		"nothing":            {"", "", "", 0, ""},
	} {
		r, err := modelcard.FindRecipe([]byte(tc.config), []byte(tc.readme))
		if tc.source == "" {
			if !errors.Is(err, modelcard.ErrNoRecipe) {
				t.Errorf("%s: %+v, %v", name, r, err)
			}
			continue
		}
		if err != nil || r.Source != tc.source || r.Line != tc.line || !slices.Equal(r.Models, strings.Fields(tc.models)) {
			t.Errorf("%s: %+v, %v\n%s", name, r, err, r.Text)
		}
	}
}

// TestRecipeOfGenerated finds in each card the recipe that it was made with.
func TestRecipeOfGenerated(t *testing.T) {
	f := seed()
	f.Recipe = append(f.Recipe, "# ````\n# <!-- longcat:end recipe -->\n"...)
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := modelcard.FindRecipe(nil, readme)
	if err != nil || string(r.Text) != string(f.Recipe) {
		t.Errorf("%v: %q, want %q", err, r.Text, f.Recipe)
	}
	if u, err := modelcard.Update(readme, &f); err != nil || string(u.README) != string(readme) {
		t.Errorf("a marker within the recipe is taken for one: %v %q", err, u.Changes)
	}
}
