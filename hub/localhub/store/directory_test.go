package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longcat/hub/localhub/store"
)

// fill makes files below dir; a name that ends in "/" is a directory.
func fill(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// listing is what a directory holds, with sizes and times.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		b.WriteString(path + " " + fi.Mode().String() + " " + fi.ModTime().String() + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestClaimRefusesWhatIsNoHub(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, c := range map[string]struct {
		files map[string]string
		found string
	}{
		"cache":                 {map[string]string{"models--a--b/refs/main": "x", "version.txt": "1"}, "a Hugging Face cache"},
		"home":                  {map[string]string{"hub/models--a--b/refs/main": "x", "token": "t"}, "a Hugging Face home directory"},
		"bare repo":             {map[string]string{"HEAD": "ref: x", "objects/": "", "refs/": "", "config": ""}, "a bare git repository"},
		"working tree":          {map[string]string{".git/HEAD": "ref: x", "a.txt": ""}, "a git repository"},
		"model":                 {map[string]string{"config.json": "{}", "README.md": ""}, "a model"},
		"weights":               {map[string]string{"x.gguf": ""}, "a model"},
		"models":                {map[string]string{"one/config.json": "{}", "two/config.json": "{}"}, `models: "one", "two"`},
		"other":                 {map[string]string{"tmp/thesis.txt": "precious", "notes.md": ""}, `other files: "notes.md", "tmp"`},
		"many":                  {map[string]string{"a": "", "b": "", "c": "", "d": "", "e": ""}, "and 1 more"},
		"a lock alone":          {map[string]string{"lock": "123"}, `"lock"`},
		"somebody's key":        {map[string]string{"lock": "", "key": "short", "objects/": "", "repos/": ""}, `"key"`},
		"parts of a hub":        {map[string]string{"lock": "", "key": key, "objects/": "", "x": ""}, `"x"`},
		"tmp with a file":       {map[string]string{"lock": "", "tmp/thesis.txt": "precious"}, `"tmp"`},
		"objects is a file":     {map[string]string{"lock": "", "key": key, "objects": ""}, `"objects"`},
		"another's hub.json":    {map[string]string{"hub.json": `{"format": "other"}`}, `"hub.json"`},
		"control characters":    {map[string]string{"a\x1b[31m": ""}, `"a\x1b[31m"`},
		"directories and files": {map[string]string{"sub/": ""}, `"sub"`},
	} {
		dir := t.TempDir()
		fill(t, dir, c.files)
		before := listing(t, dir)
		err := store.Claim(dir)
		if _, ok := errors.AsType[*store.NotHubError](err); !ok || !strings.Contains(err.Error(), c.found) {
			t.Errorf("%s: %v, want %s", name, err, c.found)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("%s: was\n%sis\n%s", name, before, after)
		}
	}
}

func TestClaimTakesHubsAndEmptyDirectories(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, files := range map[string]map[string]string{
		"empty":                 {},
		"a fresh disk":          {"lost+found/": ""},
		"unmarked":              {"lock": "", "key": key, "objects/ab/abc": "x", "repos/models--a--b/repo.json": "{}", "tmp/": "", "xet/": ""},
		"unmarked, and more":    {"lock": "", "key": key, "objects/": "", "repos/": "", "tmp/": "", "notes.txt": "mine"},
		"unmarked, interrupted": {"lock": "", "tmp/": ""},
		"marked":                {"hub.json": `{"format":"longcat hub","version":1}`, "notes.txt": "mine"},
		"marking interrupted":   {"hub.json.new": `{"for`},
	} {
		dir := filepath.Join(t.TempDir(), "hub")
		fill(t, dir, files)
		for range 2 { // the second time it is marked
			if err := store.Claim(dir); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "hub.json")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestClaimRefusesLaterFormats(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, map[string]string{"hub.json": `{"format":"longcat hub","version":2}`})
	if err := store.Claim(dir); err == nil || !strings.Contains(err.Error(), "later version") {
		t.Error(err)
	}
	file := filepath.Join(dir, "hub.json")
	if err := store.Claim(file); err == nil {
		t.Error("a file was taken for a directory")
	}
}
