package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// transcripts are the pages whose console blocks are run, each with the script
// lines that are run before them.
var transcripts = map[string]string{
	"README.md":        "repo rishiraj/CatPPT-base $MODEL\nexec cp -r $ROOT/examples examples\nexec cp $ROOT/cmd/longcat/testdata/misspelt.yaml recipe.yaml",
	"docs/tutorial.md": "exec cp -r $MODEL model",
	"docs/mirror.md":   "repo rishiraj/CatPPT-base $MODEL\nrepo acme/one $MODEL\nrepo acme/two $MODEL",
}

// TestDocs runs every command of the console blocks of the pages, as written except
// for directories and serve, which does not end. One that is shown to fail has to
// fail with that error.
func TestDocs(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for page, before := range transcripts {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		script := "env HF_TOKEN=$TOKEN\nenv ROOT=" + root + "\n" + before + "\n" + scriptOf(string(text))
		if page == "README.md" { // its picture is what longcat draws
			script += "exec longcat download me/LongCAT-10.7B layer-map.svg --local-dir out --quiet\ncmp out/layer-map.svg $ROOT/docs/layer-map.svg\n"
		}
		if !strings.Contains(script, "longcat ") {
			t.Errorf("%s has no commands", page)
		}
		name := strings.TrimSuffix(filepath.Base(page), ".md") + ".txtar"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runScripts(t, dir)
}

// scriptOf turns the commands of a page into a script.
func scriptOf(text string) string {
	var script []string
	for line := range strings.Lines(consoleBlocks(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "longcat: error: ") {
			last := len(script) - 1
			script[last] = "! " + script[last] + "\nstderr '" + regexp.QuoteMeta(line) + "'"
		}
		if command, ok := strings.CutPrefix(line, "$ "); ok && !strings.HasPrefix(command, "longcat serve ") {
			script = append(script, "exec sh -c '"+strings.ReplaceAll(command, "/srv/hub", "./hub")+"'")
		}
	}
	return strings.Join(script, "\n") + "\n"
}

// consoleBlocks returns the lines between "```console" and "```".
func consoleBlocks(text string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, "```"):
			in = strings.TrimSpace(line) == "```console"
		case in:
			b.WriteString(line)
		}
	}
	return b.String()
}
