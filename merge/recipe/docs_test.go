package recipe_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longcat/merge/recipe"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/recipes.md and docs/recipe.schema.json anew")

// TestDocs holds the committed documentation against the tables: go test
// ./merge/recipe -run TestDocs -update writes it.
func TestDocs(t *testing.T) {
	dir := filepath.Join("..", "..", "docs")
	for name, want := range map[string]string{
		"recipes.md":         recipe.Markdown(),
		"recipe.schema.json": string(recipe.Schema()),
	} {
		file := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what the tables say; -update writes it (-want +got):\n%s", name, diff)
		}
	}
}

// TestDocsAreWhole wants every key, method and parameter in the documentation,
// and every reference of the schema to lead somewhere.
func TestDocsAreWhole(t *testing.T) {
	page, help := recipe.Markdown(), recipe.Help()
	for _, o := range recipe.Objects {
		for _, k := range o.Keys {
			if shown := !k.Ignored && !k.Refused; shown != strings.Contains(page, "| `"+k.Name+"` |") || shown && !strings.Contains(help, "  "+k.Name) {
				t.Errorf("key %s of %s", k.Name, o.Name)
			}
		}
	}
	for _, m := range recipe.Methods {
		if !strings.Contains(page, "\n### "+m.Name+"\n") || !strings.Contains(help, "\n  "+m.Name+" ") {
			t.Errorf("method %s", m.Name)
		}
	}
	var root map[string]any
	if err := json.Unmarshal(recipe.Schema(), &root); err != nil {
		t.Fatal(err)
	}
	defs, _ := root["$defs"].(map[string]any)
	refs := 0
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if r, ok := v["$ref"].(string); ok {
				refs++
				if defs[strings.TrimPrefix(r, "#/$defs/")] == nil {
					t.Errorf("%s leads nowhere", r)
				}
			}
			for _, e := range v {
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(root)
	if refs < 20 {
		t.Errorf("only %d references in the schema", refs)
	}
}
