package hub_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"longcat/hub"
)

// The table was made by Python's own fnmatch.
func TestPatternsMatchAsInPython(t *testing.T) {
	b, err := os.ReadFile("testdata/fnmatch.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Paths   []string
		Matches map[string][]string
	}
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Paths) < 50 || len(table.Matches) < 50 {
		t.Fatalf("the table has %d paths and %d patterns", len(table.Paths), len(table.Matches))
	}
	for pattern, want := range table.Matches {
		picks := hub.Selection{Include: []string{pattern}}.Matcher()
		drops := hub.Selection{Exclude: []string{pattern}}.Matcher()
		for _, p := range table.Paths {
			if got := picks(p); got != slices.Contains(want, p) {
				t.Errorf("pattern %q, path %q: got %v, Python says %v", pattern, p, got, !got)
			}
			if drops(p) == picks(p) {
				t.Errorf("pattern %q, path %q: included and excluded alike", pattern, p)
			}
		}
	}
}

func TestSelection(t *testing.T) {
	paths := []string{"config.json", "model.safetensors", "onnx/model.onnx", "onnx/config.json", ".gitattributes"}
	for _, test := range []struct {
		name string
		sel  hub.Selection
		want []string
	}{
		{"nothing asked is all", hub.Selection{}, paths},
		{"a star crosses folders", hub.Selection{Include: []string{"*.json"}}, []string{"config.json", "onnx/config.json"}},
		{"a folder is all below it", hub.Selection{Include: []string{"onnx/"}}, []string{"onnx/model.onnx", "onnx/config.json"}},
		{"one of several", hub.Selection{Include: []string{"*.onnx", ".git*"}}, []string{"onnx/model.onnx", ".gitattributes"}},
		{"exclude wins", hub.Selection{Include: []string{"*.json"}, Exclude: []string{"onnx/*"}}, []string{"config.json"}},
		{"exclude alone", hub.Selection{Exclude: []string{"*.json", ".*"}}, []string{"model.safetensors", "onnx/model.onnx"}},
		{"case counts", hub.Selection{Include: []string{"*.JSON"}}, nil},
	} {
		picks := test.sel.Matcher()
		var got []string
		for _, p := range paths {
			if picks(p) {
				got = append(got, p)
			}
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	for _, p := range []string{"*.json", "[a-c]?", "[!]-b-a]", "\xff[\xff-a]", "[]", "a{2}(b|c)\\Q"} {
		f.Add(p, "a/b.json")
	}
	f.Fuzz(func(t *testing.T, pattern, path string) {
		hub.Selection{Include: []string{pattern}}.Matcher()(path) // must not panic
		if !(hub.Selection{Include: []string{"*"}}.Matcher()(path)) {
			t.Errorf("a star does not match %q", path)
		}
	})
}
