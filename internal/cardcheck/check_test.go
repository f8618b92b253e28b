package cardcheck_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longcat/internal/cardcheck"
)

// TestCheck runs the cards and evaluation results in testdata/check. Each line
// that ends in "#~ word …" must have a problem whose severity is the first word
// and whose text holds the rest. No other line may have one.
func TestCheck(t *testing.T) {
	files, err := filepath.Glob("testdata/check/*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check := cardcheck.README
		if filepath.Ext(file) == ".yaml" {
			check = cardcheck.EvalResults
		}
		var clean strings.Builder
		want := map[int]string{}
		for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
			text, note, marked := strings.Cut(line, "#~ ")
			if marked {
				want[i+1] = note
			}
			clean.WriteString(strings.TrimRight(text, " ") + "\n")
		}
		for _, p := range check([]byte(clean.String())) {
			note, ok := want[p.Line]
			severity, words, _ := strings.Cut(note, " ")
			if !ok || string(p.Severity) != severity || !strings.Contains(p.Message, words) {
				t.Errorf("%s:%s; want %q", file, p, note)
			}
			delete(want, p.Line)
		}
		for line, note := range want {
			t.Errorf("%s:%d: missing %q", file, line, note)
		}
	}
}

func TestCheckWithoutYAML(t *testing.T) {
	for name, tc := range map[string]struct{ card, want string }{
		"empty file":   {"", "1:1: warning: empty or missing yaml metadata"},
		"pointer":      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "1:1: error: README.md is stored as LFS"},
		"huge":         {strings.Repeat("x", 10<<20+1), "1:1: error: README.md has 10485761 bytes"},
		"empty":        {"---\n\n---\n", "2:1: error: The YAML metadata of your README.md is invalid"},
		"two fences":   {"---\n---\n", "1:1: warning: empty or missing yaml metadata"},
		"unclosed":     {"\n---\nlicense: mit\n", "2:1: warning: empty or missing yaml metadata in repo card: the opening"},
		"latin-1":      {"---\nlicense: mit\nx: caf\xe9\n---\n", "3:1: error: Invalid YAML in README.md: incomplete UTF-8"},
		"after mark":   {"\ufeff---\nlicense: mit\n---\n", "1:1: warning: a byte-order mark"},
		"control":      {"---\nlicense: m\x01it\n---\n", "error: Invalid YAML in README.md: control characters"},
		"too large":    {"---\nx: " + strings.Repeat("y", 1<<20) + "\n---\n", "2:1: error: Invalid YAML in README.md: 1048579 bytes"},
		"deeply":       {"---\nx: " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "\n---\n", "nested more than 100 deep"},
		"many aliases": {aliasBomb, ""},
	} {
		problems := cardcheck.README([]byte(tc.card))
		if tc.want == "" && len(problems) > 0 || tc.want != "" && (len(problems) == 0 || !strings.Contains(problems[0].String(), tc.want)) {
			t.Errorf("%s: %.300v, want %q", name, problems, tc.want)
		}
	}
}

// aliasBomb means billions of metrics in a few hundred bytes.
var aliasBomb = func() string {
	s := "---\na0: &a0 [{type: x, value: 1}]\n"
	for i := range 9 {
		s += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 20), ", "))
	}
	return s + "language: [en]\n---\n"
}()

func TestProblemJSON(t *testing.T) {
	problems := cardcheck.README([]byte("---\nlicense: apache2\n---\n"))
	got, err := json.Marshal(problems[0])
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"severity":"error","line":2,"column":10,"key":"license","message":"\"license\" must be one of [apache-2.0, mit, openrail, … 83 in all]; \"apache2\" is none; did you mean \"apache-2.0\"?","unlisted":true}`
	if string(got) != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if !slices.ContainsFunc(problems, func(p cardcheck.Problem) bool { return p.Severity == cardcheck.Error }) {
		t.Error("an unknown licence is no error")
	}
}

func TestCodes(t *testing.T) {
	// Counts of ISO 639-1 (with the withdrawn "sh") and of both lists' spelling.
	for _, code := range []string{"en", "sh", "deu", "ger", "cmn", "smi", "bh", "code", "multilingual"} {
		if p := cardcheck.README([]byte("---\nlanguage: " + code + "\n---\n")); len(p) > 0 {
			t.Errorf("%s: %v", code, p)
		}
	}
	data, err := os.ReadFile("data/languages.txt")
	if err != nil || len(data) > 16<<10 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}

// A suggestion is never another licence.
func TestLicenseMeant(t *testing.T) {
	for license, want := range map[string]string{
		"Apache 2.0": "apache-2.0", "apache2": "apache-2.0", "apache": "apache-2.0", "Apache License, Version 2.0": "apache-2.0",
		"apche-2.0": "apache-2.0", "MIT": "mit", "mit license": "mit", "llama-3.1": "llama3.1", "lama3": "llama3", "Llama 3": "llama3",
		"gpl3": "gpl-3.0", "agpl": "agpl-3.0", "cc-by-nc-4": "cc-by-nc-4.0", "cc by nc sa 4.0": "cc-by-nc-sa-4.0", "bsd-3": "bsd-3-clause",
		"cc0": "cc0-1.0", "openrai": "openrail", "Gemma": "gemma", "GPL-3.0-only": "gpl-3.0",
		"llama5": "", "llama": "", "gpl-4": "", "lgp": "", "none": "", "proprietary": "", "apache-1.1": "", "cc-by-nc": "", "cc-by-nc-5.0": "",
		"mit-0": "", "not-a-licence": "", "qwen": "", "": "", "2.0": "", "nvidia-open-model-license": "", "llama3.4": "", "x.9": "",
	} {
		problems := cardcheck.README([]byte("---\nlicense: '" + license + "'\n---\n"))
		if len(problems) != 1 || !problems[0].Unlisted {
			t.Errorf("%q: %v", license, problems)
			continue
		}
		_, got, _ := strings.Cut(problems[0].Message, "did you mean ")
		if want != "" {
			want = fmt.Sprintf("%q?", want)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", license, got, want)
		}
	}
}
