package frontmatter_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"longcat/internal/frontmatter"
)

// One odd value does not hide the others.
func TestValue(t *testing.T) {
	for yaml, want := range map[string]string{
		"license: mit\nx: .nan\ny: [-.inf, 1.5]":       `{"license":"mit","x":null,"y":[null,1.5]}`,
		"1: one\nnull: n\ntrue: t":                     `{"1":"one","null":"n","true":"t"}`,
		"a: {2: {3.5: x}}":                             `{"a":{"2":{"3.5":"x"}}}`,
		"a: 1\na: 2":                                   `{"a":2}`,
		"a: &x {k: 1, l: 2}\nb: {<<: *x, l: 3}":        `{"a":{"k":1,"l":2},"b":{"k":1,"l":3}}`,
		"a: [&x {k: 1}, &y {k: 2}]\nb: {<<: [*x, *y]}": `{"a":[{"k":1},{"k":2}],"b":{"k":1}}`,
		"d: 2024-01-02\ns: '2024-01-02'":               `{"d":"2024-01-02T00:00:00.000Z","s":"2024-01-02"}`,
		"n: 18446744073709551615\nb: yes":              `{"b":"yes","n":18446744073709551615}`,
		"[a, b]: c\nd: e":                              `{"d":"e"}`,
		"x: !!python/name:a.b c":                       `{"x":"c"}`,
	} {
		f, err := frontmatter.Parse([]byte("---\n" + yaml + "\n---\n"))
		if err != nil {
			t.Errorf("%s: %v", yaml, err)
			continue
		}
		if got, err := json.Marshal(f.Value()); err != nil || string(got) != want {
			t.Errorf("%s: %s %v, want %s", yaml, got, err, want)
		}
	}
}

func TestValueOfAliases(t *testing.T) {
	bomb := "---\na0: &a0 [x]\n"
	for i := range 9 {
		bomb += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 20), ", "))
	}
	for _, text := range []string{bomb + "---\n", "---\na: &a [*a]\n---\n", "---\na: &a {<<: *a}\n---\n"} {
		f, err := frontmatter.Parse([]byte(text))
		if err != nil {
			continue
		}
		if _, err := json.Marshal(f.Value()); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestDeleteLast(t *testing.T) {
	for text, want := range map[string]string{
		"---\na: 1\n---\n# X\n":            "# X\n",
		"\ufeff---\na:\n- 1\n- 2\n---\nX":  "\ufeffX",
		"---\r\na: 1\r\n---\r\n\r\nX\r\n":  "\r\nX\r\n",
		"---\na: 1\n---\n---\nb: 2\n---\n": "---\n\n---\n---\nb: 2\n---\n", // the second must not become the first
		"---\n# kept\na: 1\n---\nX":        "---\n# kept\n---\nX",
		"---\na: 1\nb: 2\n---\nX":          "---\nb: 2\n---\nX",
	} {
		f, err := frontmatter.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Delete("a"); err != nil || string(f.Bytes()) != want {
			t.Errorf("%q: %q %v, want %q", text, f.Bytes(), err, want)
		}
	}
}
