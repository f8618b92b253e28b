package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"longcat/hub"
	"longcat/hub/localhub"
)

// TestMistakes types what people mistype and compares what they read with
// testdata/mistakes.golden, so that every change of it is seen in review:
// go test ./cmd/longcat -run TestMistakes -update.
func TestMistakes(t *testing.T) {
	commands, err := os.ReadFile("testdata/mistakes.commands")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := filepath.Abs("testdata/mistakes.golden")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := mistakenHub(t)
	t.Chdir(mistakenDir(t))
	var said strings.Builder
	for line := range strings.Lines(string(commands)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		var out, err bytes.Buffer
		a := &app{in: strings.NewReader(""), out: &out, err: &err, lookup: func(name string) (string, bool) {
			value, ok := map[string]string{"HF_ENDPOINT": endpoint, "HF_HOME": filepath.Join(t.TempDir(), "hf"), "HOME": t.TempDir()}[name]
			return value, ok
		}}
		code := a.run(t.Context(), words(line))
		if code == exitDone || out.Len() > 0 && !strings.HasPrefix(line, "card") {
			t.Errorf("%s: code %d, %s", line, code, &out)
		}
		for _, noise := range []string{"xorb", "goroutine", "<nil>", "strconv", "stat ", "open "} {
			if strings.Contains(err.String(), noise) {
				t.Errorf("%s: speaks to programmers: %s", line, &err)
			}
		}
		fmt.Fprintf(&said, "$ longcat %s\n%s[%d]\n\n", line, requestID.ReplaceAllString(strings.ReplaceAll(err.String(), endpoint, "$HUB"), "(request id …)"), code)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(said.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), said.String()); diff != "" {
		t.Error(diff)
	}
}

var requestID = regexp.MustCompile(`\(request id [^)]*\)`)

// words splits a line; a part in quotes is one word.
func words(line string) (all []string) {
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// mistakenHub holds me/model, whose weights are in two files.
func mistakenHub(t *testing.T) string {
	h, err := localhub.Open(t.TempDir(), localhub.Options{Tokens: []localhub.Token{{Secret: "secret", User: "me", Role: localhub.Write}}})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.Close()
		h.Close()
	})
	c, err := hub.New(hub.Config{Endpoint: srv.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	repo := hub.Repo{ID: "me/model"}
	if _, err := c.CreateRepo(t.Context(), repo, ""); err != nil {
		t.Fatal(err)
	}
	u := hub.Upload{Repo: repo, Message: "a model"}
	for _, name := range []string{"config.json", "sub/x.json", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"} {
		u.Files = append(u.Files, hub.UploadFile{Path: name, Content: io.NewSectionReader(strings.NewReader("{}"), 0, 2)})
	}
	if _, err := c.Upload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	return srv.URL
}

// mistakenDir is where the commands run.
func mistakenDir(t *testing.T) string {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"recipe.yaml": "merge_method: passthrough\nslices:\n  - sources: [{model: me/model, layer_range: [0, 2]}]\n",
		"README.md":   "---\nlicense: mit\n---\n# A\n", "m/config.json": "{}", "m/model.safetensors": "x", "merged/mergekit_config.yml": "x",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
