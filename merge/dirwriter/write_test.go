package dirwriter_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"longcat/merge/dirwriter"
	"longcat/merge/parts"
)

// output is one weights file with the content of a file on disk, and a recipe.
func output(f *os.File, size int64, before func()) dirwriter.Output {
	return dirwriter.Output{
		Recipe: "recipe", Content: []byte("r"), IsWeights: func(name string) bool { return strings.HasSuffix(name, ".w") },
		Files: []dirwriter.File{
			{Path: "a.w", Size: size, ID: "a", Weights: true, Open: func(context.Context) (*io.SectionReader, error) {
				var l parts.List
				l.Add(f, size)
				l.Add(hook(before), 0)
				return io.NewSectionReader(&l, 0, size), nil
			}},
			{Path: "recipe", Size: 1, ID: "r", Open: func(context.Context) (*io.SectionReader, error) {
				before()
				return io.NewSectionReader(parts.Bytes("r"), 0, 1), nil
			}},
		},
	}
}

// hook is content of no bytes.
type hook func()

func (hook) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// TestSourceChanges wants a source that was written to after the start to be
// noticed, and nothing to stand under the final name.
func TestSourceChanges(t *testing.T) {
	src := filepath.Join(t.TempDir(), "src")
	if err := os.WriteFile(src, make([]byte, 5000), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(src)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	change := func() {
		if err := os.Chtimes(src, time.Time{}, time.Unix(1, 0)); err != nil {
			t.Error(err)
		}
	}
	dir := t.TempDir()
	err = dirwriter.Write(t.Context(), dir, output(f, 5000, change), dirwriter.Options{})
	if err == nil || !strings.Contains(err.Error(), `writing "a.w": a source was changed while it was read`) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("written: %v (%v)", entries, err)
	}
	if err := dirwriter.Write(t.Context(), dir, output(f, 5000, func() {}), dirwriter.Options{}); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a.w")); err != nil || len(got) != 5000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
