package merge_test

import (
	"os"
	"path/filepath"
	"testing"

	"longcat/merge"
)

// TestWriteDir writes golden merges and holds each file against its content.
func TestWriteDir(t *testing.T) {
	open := folders(t, goldenRoot)
	for _, name := range []string{"interwoven", "block-expansion", "to-float16", "from-float32"} {
		recipe := readFile(t, filepath.Join(goldenRoot, name, "recipe.yaml"))
		p := mustPlan(t, string(recipe), open, merge.Options{ShardSize: 50_000})
		dir := t.TempDir()
		if err := p.WriteDir(t.Context(), open, dir, merge.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) != len(p.Files) {
			t.Errorf("%s: %d files written, %d planned (%v)", name, len(entries), len(p.Files), err)
		}
		for _, f := range p.Files {
			if got := readFile(t, filepath.Join(dir, f.Path)); hash(got) != hash(readAll(t, p, f.Path, open)) || int64(len(got)) != f.Size {
				t.Errorf("%s: %s differs from its content", name, f.Path)
			}
		}
	}
}
