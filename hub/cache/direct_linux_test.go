package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// Whole units go around the page cache where the filesystem takes them, and what
// is not aligned, or refused, goes the other way.
func TestDirect(t *testing.T) {
	content, _ := sample(3*directUnit + 100)
	odd := append(make([]byte, 1, 1+len(content)), content...)[1:] // memory that is not aligned is refused by some disks
	for name, b := range map[string][]byte{"aligned or not": content, "not aligned": odd} {
		f, err := os.Create(filepath.Join(t.TempDir(), "f"))
		if err != nil {
			t.Fatal(err)
		}
		out := newDirect(f)
		for _, e := range []Extent{{directUnit, int64(len(b))}, {10, directUnit}, {0, 10}} {
			if n, err := out.WriteAt(b[e.Start:e.End], e.Start); int64(n) != e.Len() || err != nil {
				t.Fatalf("%s: wrote %d bytes of %v: %v", name, n, e, err)
			}
		}
		if err := out.Sync(); err != nil {
			t.Error(err)
		}
		if err := out.Close(); err != nil {
			t.Error(err)
		}
		if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: the file differs (%v)", name, err)
		}
	}
}
