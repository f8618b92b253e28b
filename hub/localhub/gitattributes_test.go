package localhub

import (
	"testing"

	"longcat/internal/gitmatch"
)

func TestGitAttributesOfANewRepo(t *testing.T) {
	a := gitmatch.ParseAttributes(gitAttributes)
	for path, want := range map[string]bool{
		"model.safetensors": true, "deep/down/x.gguf": true, "saved_model/v/1/x": true, "saved_model/x": true,
		"runs/events.out.tfevents.1": true, "a.tar.gz": true,
		"config.json": false, "safetensors": false, "my/saved_model/x": false, "README.md": false,
	} {
		if got := a.Value(path, "filter") == "lfs"; got != want {
			t.Errorf("%q is large: %v", path, got)
		}
	}
}
