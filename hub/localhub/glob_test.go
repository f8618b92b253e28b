package localhub

import "testing"

func TestAttributes(t *testing.T) {
	a := parseAttributes(gitAttributes)
	for path, want := range map[string]bool{
		"model.safetensors": true, "deep/down/x.gguf": true, "saved_model/v/1/x": true, "saved_model/x": true,
		"runs/events.out.tfevents.1": true, "a.tar.gz": true,
		"config.json": false, "safetensors": false, "my/saved_model/x": false, "README.md": false,
	} {
		if a.large(path) != want {
			t.Errorf("large(%q) = %v", path, !want)
		}
	}
	a = parseAttributes([]byte("# a comment\n*.bin filter=lfs -text\nsmall/*.bin -filter\n\nbroken\n"))
	if !a.large("x.bin") || a.large("small/x.bin") {
		t.Error("the last rule that matches must win")
	}
}

func TestIgnored(t *testing.T) {
	rules := ignoreRules("# comment\n*.log\n!keep.log\nbuild/\n/top.txt\ndocs/**/*.tmp\n")
	for path, want := range map[string]bool{
		"x.log": true, "a/x.log": true, "keep.log": false, "build/x": true, "a/build/x": true, "build": false,
		"top.txt": true, "a/top.txt": false, "docs/a/b/x.tmp": true, "docs/x.tmp": true, "x.tmp": false, "build/keep.log": true,
	} {
		if ignored(rules, path) != want {
			t.Errorf("ignored(%q) = %v", path, !want)
		}
	}
}
