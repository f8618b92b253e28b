package longcat_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the architecture: what each package may import of this module,
// directly or not. A name stands for the package and all below it. Leaves in
// internal may be used by everybody and know nobody but each other; hub, merge
// and modelcard do not know each other and meet in the root package.
var mayImport = map[string][]string{
	"longcat":            {"hub", "merge", "modelcard", "internal"},
	"cmd/longcat":        {"", "hub", "merge", "modelcard", "internal", "examples"},
	"bench/cards":        {"modelcard", "internal"},
	"bench/model":        {"merge", "internal"},
	"examples":           {},
	"hub":                {"hub/internal/wire", "hub/cache", "hub/xet", "internal"},
	"hub/cache":          {"internal"},
	"hub/internal/wire":  {},
	"hub/xet":            {"hub/internal/wire", "hub/xet", "internal"},
	"hub/localhub/store": {"hub/internal/wire", "internal"},
	"hub/localhub/cas":   {"hub/xet", "hub/internal/wire", "internal"},
	"hub/localhub/web":   {"internal"},
	"hub/mirror":         {"hub", "internal"},
	"hub/pullthrough":    {"hub", "internal"},
	"hub/localhub":       {"hub/internal/wire", "hub/xet", "hub/localhub", "internal", "modelcard"},
	"merge":              {"merge", "internal"},
	"merge/config":       {"merge/jsontext"},
	"merge/jsontext":     {},
	"merge/dirwriter":    {"merge/parts", "internal"},
	"merge/parts":        {},
	"merge/recipe":       {"merge/safetensors", "internal"},
	"merge/safetensors":  {"internal"},
	"merge/number":       {"merge/safetensors", "internal"},
	"merge/method":       {"merge/number", "merge/random", "merge/safetensors", "internal"},
	"merge/random":       {},
	"merge/tokenizer":    {"merge/jsontext"},
	"merge/lora":         {"merge/number", "merge/safetensors", "internal"},
	"modelcard":          {"internal"},
	"modelcard/cardtest": {"modelcard", "internal"},
	"internal":           {"internal"},
	"internal/demomodel": {"merge/safetensors", "internal"},
}

// rule finds what a package may import: its own entry, or that of the nearest
// package above it.
func rule(pkg string) ([]string, bool) {
	for name := pkg; ; {
		if may, ok := mayImport[name]; ok {
			return may, true
		}
		i := strings.LastIndexByte(name, '/')
		if i < 0 {
			return nil, false
		}
		name = name[:i]
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	packages := goList(t, "./...")
	if len(packages) < 20 {
		t.Fatalf("go list finds %d packages", len(packages))
	}
	for _, pkg := range packages {
		may, ok := rule(pkg)
		if !ok {
			t.Errorf("%s is in no rule: add it to mayImport", pkg)
			continue
		}
		for _, dep := range goList(t, "-deps", "./"+strings.TrimPrefix(pkg, "longcat")) {
			within := func(p string) bool {
				return dep == p || strings.HasPrefix(dep, p+"/") || (p == "" && dep == "longcat")
			}
			if dep != pkg && !slices.ContainsFunc(may, within) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}

// goList gives the packages of this module, without the module's name but for
// the root's own.
func goList(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	var list []string
	for dep := range strings.Lines(string(out)) {
		switch dep, ours := strings.CutPrefix(strings.TrimSpace(dep), "longcat/"); {
		case ours:
			list = append(list, dep)
		case dep == "longcat":
			list = append(list, dep)
		}
	}
	return list
}
