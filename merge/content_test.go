package merge_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"

	"longcat/merge"
	"longcat/merge/dirwriter"
	"longcat/merge/safetensors"
)

// testBlob holds content of any kind against the bytes that it must give: in
// sequence, at random places, at the end, and to many readers at once.
func testBlob(t *testing.T, blob *io.SectionReader, want []byte) {
	t.Helper()
	if blob.Size() != int64(len(want)) {
		t.Fatalf("size %d, want %d", blob.Size(), len(want))
	}
	if err := iotest.TestReader(io.NewSectionReader(blob, 0, min(blob.Size(), 4096)), want[:min(len(want), 4096)]); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(io.NewSectionReader(blob, 0, blob.Size())); err != nil || !bytes.Equal(got, want) {
		t.Errorf("reading all: %d bytes, %v", len(got), err)
	}
	if n, err := blob.ReadAt(make([]byte, 10), blob.Size()); n != 0 || err != io.EOF {
		t.Errorf("reading at the end: %d, %v", n, err)
	}
	var wg sync.WaitGroup
	for seed := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, 0))
			for range 100 {
				off := r.IntN(len(want) + 1)
				p := make([]byte, r.IntN(2000))
				n, err := blob.ReadAt(p, int64(off))
				if wantN := min(len(p), len(want)-off); n != wantN || !bytes.Equal(p[:n], want[off:off+n]) || (n < len(p)) != (err == io.EOF) {
					t.Errorf("%d bytes at %d: %d, %v", len(p), off, n, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestContent reads every file of merges of all kinds in every way.
func TestContent(t *testing.T) {
	golden := folders(t, goldenRoot)
	list := map[string]memory{"a": tiny{seed: "a", shards: 3}.build(t), "b": tiny{seed: "b", dtype: safetensors.F32}.build(t)}
	steps := "name: step\n" + recipeOf("dtype: float32\n", "a 0 2", "b 1 4") + "---\n" + recipeOf("dtype: float16\nparameters: {scale: 0.3}\n", "step 0 4", "a 3 4")
	for _, c := range []struct {
		name, recipe string
		open         merge.Opener
	}{
		{"copied", string(readFile(t, filepath.Join(goldenRoot, "stacked", "recipe.yaml"))), golden},
		{"scaled", string(readFile(t, filepath.Join(goldenRoot, "scale-gradient", "recipe.yaml"))), golden},
		{"converted", string(readFile(t, filepath.Join(goldenRoot, "to-float32", "recipe.yaml"))), golden},
		{"in steps", steps, models(list)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := mustPlan(t, c.recipe, c.open, merge.Options{ShardSize: 20_000})
			dir := t.TempDir()
			if err := dirwriter.Write(t.Context(), dir, p.Output(c.open), dirwriter.Options{}); err != nil {
				t.Fatal(err)
			}
			for _, f := range p.Files {
				blob, err := f.Content(t.Context(), c.open)
				if err != nil {
					t.Fatal(err)
				}
				testBlob(t, blob, readFile(t, filepath.Join(dir, f.Path)))
			}
		})
	}
}

// TestContentOfChangedSource refuses a source that became shorter after planning.
func TestContentOfChangedSource(t *testing.T) {
	m := tiny{}.build(t)
	open := models(map[string]memory{"m": m})
	p := mustPlan(t, recipeOf("", "m 0 4"), open, merge.Options{})
	m["model.safetensors"] = m["model.safetensors"][:500]
	if _, err := p.Files[0].Content(t.Context(), open); err == nil {
		t.Error("a source cut short was accepted")
	}
}
