package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What each package may import of this module, beside itself: the libraries
// meet in the command alone, and the leaves know nobody.
func TestImports(t *testing.T) {
	for pkg, may := range map[string][]string{
		"merge":             {"merge/safetensors", "merge/config", "merge/jsontext", "internal"},
		"merge/config":      {"merge/jsontext"},
		"merge/jsontext":    {},
		"modelcard":         {"internal"},
		"hub/wire":          {},
		"hub/cache":         {"internal"},
		"hub/xet/cdc":       {"hub/xet/merkle"},
		"internal/gitmatch": {},
		"internal/units":    {},
		"hub":               {"hub/wire", "hub/cache", "hub/xet", "internal"},
		"hub/xet":           {"hub/wire", "hub/xet", "internal"},
		"hub/localhub":      {"hub/wire", "hub/xet", "hub/localhub", "internal"},
		"merge/safetensors": {"internal"},
	} {
		out, err := exec.Command("go", "list", "-deps", "longcat/"+pkg).Output()
		if err != nil {
			t.Fatalf("go list of %s: %v", pkg, err)
		}
		for dep := range strings.Lines(string(out)) {
			dep, ours := strings.CutPrefix(strings.TrimSpace(dep), "longcat/")
			within := func(p string) bool { return dep == p || strings.HasPrefix(dep, p+"/") }
			if ours && dep != pkg && !slices.ContainsFunc(may, within) {
				t.Errorf("%s imports %s", pkg, dep)
			}
		}
	}
}
