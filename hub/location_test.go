package hub_test

import (
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/internal/wire"
)

func TestParseLocation(t *testing.T) {
	for text, want := range map[string]string{
		"x":                     "model x",
		"org/x":                 "model org/x",
		"datasets/org/x":        "dataset org/x",
		"spaces/org/x":          "space org/x",
		"models/org/x":          "model org/x",
		"datasets/x":            "model datasets/x", // as hf reads it
		"org/x@v1":              "model org/x v1",
		"org/x@refs/pr/3":       "model org/x refs/pr/3",
		"org/x@v1/sub/f.json":   "model org/x v1 sub/f.json",
		"org/x/tree/v1":         "model org/x v1",
		"gpt2/tree/main":        "model gpt2 main",
		"org/tree":              "model org/tree",
		"model:org/x":           "model org/x",
		"hf:org/x":              "model org/x",
		"dataset:org/x":         "dataset org/x",
		"hf://org/x":            "model org/x",
		"hf://org/x@v1/a/b.bin": "model org/x v1 a/b.bin",
		"hf://datasets/org/x":   "dataset org/x",
		"hf://spaces/org/x@dev": "space org/x dev",

		"https://huggingface.co/org/x":                                   "model org/x @huggingface.co",
		"https://huggingface.co/org/x/":                                  "model org/x @huggingface.co",
		"HTTPS://huggingface.co/gpt2":                                    "model gpt2 @huggingface.co",
		"https://huggingface.co/org/x.git":                               "model org/x @huggingface.co",
		"https://huggingface.co/org/x?library=transformers#usage":        "model org/x @huggingface.co",
		"https://huggingface.co/org/x/tree/main":                         "model org/x main @huggingface.co",
		"https://huggingface.co/org/x/tree/refs%2Fpr%2F1":                "model org/x refs/pr/1 @huggingface.co",
		"https://huggingface.co/org/x/blob/main/sub/config.json":         "model org/x main sub/config.json @huggingface.co",
		"https://huggingface.co/org/x/resolve/v1/a.bin?download=true":    "model org/x v1 a.bin @huggingface.co",
		"https://huggingface.co/org/x/commit/" + strings.Repeat("a", 40): "model org/x " + strings.Repeat("a", 40) + " @huggingface.co",
		"https://huggingface.co/org/x/discussions/4":                     "model org/x @huggingface.co",
		"https://huggingface.co/datasets/org/x/viewer":                   "",
		"https://huggingface.co/datasets/org/x":                          "dataset org/x @huggingface.co",
		"http://127.0.0.1:8642/me/x/tree/main":                           "model me/x main @127.0.0.1:8642",
		"huggingface.co/org/x":                                           "model org/x @huggingface.co",
		"hf.co/org/x/tree/v1":                                            "model org/x v1 @hf.co",
		"git@hf.co:org/x.git":                                            "model org/x @hf.co",

		"": "", "a/b/c": "", "../x": "", "./x": "", "/x": "", `C:\x`: "", "org/x@": "", "https://huggingface.co/": "", "ftp://h/org/x": "",
		"org/--x": "", "org x": "", "hf://": "", "model:": "", "org/x/tree": "model org/x",
	} {
		l, err := hub.ParseLocation(text)
		got := ""
		if err == nil {
			kind := l.Repo.Type
			if kind == "" {
				kind = wire.Model
			}
			got = string(kind) + " " + l.Repo.ID
			for _, more := range []string{l.Revision, l.Path} {
				if more != "" {
					got += " " + more
				}
			}
			if l.Host != "" {
				got += " @" + l.Host
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q (%v)", text, got, want, err)
		}
		repo, err := hub.ParseRepo(text)
		if plain := want != "" && l.Revision == "" && l.Path == ""; (err == nil) != plain || plain && repo != l.Repo {
			t.Errorf("ParseRepo(%q) = %v, %v", text, repo, err)
		}
	}
}

func TestLocateRefusesOtherHubs(t *testing.T) {
	c, err := hub.New(hub.Config{Endpoint: "https://hub.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for text, ok := range map[string]bool{
		"org/x": true, "https://huggingface.co/org/x": true, "https://hub.example.org/org/x": true, "https://other.example.org/org/x": false,
	} {
		if _, err := c.Locate(text); (err == nil) != ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"org/x@v1/a", "https://huggingface.co/org/x/tree/refs/pr/1/a", "git@hf.co:a/b.git", "hf://datasets/a/b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := hub.ParseLocation(s)
		if err == nil && wire.CheckRepoID(l.Repo.ID) != nil {
			t.Errorf("%q gives the repo %q", s, l.Repo.ID)
		}
	})
}
