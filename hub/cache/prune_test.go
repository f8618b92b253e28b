package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"longcat/internal/durable"
)

// What a branch stands for stays, with and without symbolic links; what only a
// commit shows that nothing stands for goes, and so do unfinished files that
// nobody has locked.
func TestPrune(t *testing.T) {
	const other = "2222222222222222222222222222222222222222"
	for name, symlinks := range map[string]bool{"symbolic links": true, "hard links": false} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			r := NewRepo(root, "models", "org/name")
			add := func(commit, path, etag string) {
				t.Helper()
				if err := durable.WriteFile(r.BlobPath(etag), bytes.Repeat([]byte(etag), 100)); err != nil {
					t.Fatal(err)
				}
				p := filepath.Join(r.SnapshotDir(commit), path)
				link := func() (string, error) { return r.Link(commit, path, etag) }
				if !symlinks {
					link = func() (string, error) { return r.linkWithout(p, etag) }
				}
				if err := durable.MkdirAll(filepath.Dir(p)); err != nil {
					t.Fatal(err)
				}
				if _, err := link(); err != nil {
					t.Fatal(err)
				}
			}
			add(commit, "both", "aaaa")
			add(commit, "kept", "bbbb")
			if symlinks {
				add(other, "both", "aaaa")
			}
			add(other, "gone", "cccc")
			for _, name := range []string{"dddd" + partSuffix, "eeee" + partSuffix, "loose"} {
				if err := durable.WriteFile(r.BlobPath(name), []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
			if err := r.SetRef("main", commit); err != nil {
				t.Fatal(err)
			}
			lock, err := durable.TryLock(r.LockPath("eeee"))
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Release()
			all, err := Scan(root)
			if err != nil || len(all) != 1 || len(all[0].Revisions) != 2 || all[0].Size != 1201 || all[0].Loose != 1 {
				t.Fatalf("%+v, %v", all, err)
			}
			all[0].scanned = time.Now().Add(time.Minute) // clocks of filesystems have steps
			for _, dry := range []bool{true, false} {
				p, err := all[0].Prune(dry)
				if err != nil || len(p.Revisions) != 1 || p.Revisions[0] != other {
					t.Errorf("%+v, %v", p, err)
				}
				if _, ok := r.Lookup(other, "gone"); ok != dry {
					t.Errorf("dry %v, and the revision is there: %v", dry, ok)
				}
			}
			for name, stays := range map[string]bool{"aaaa": true, "bbbb": true, "cccc": false, "loose": false, "dddd" + partSuffix: false, "eeee" + partSuffix: true} {
				if _, err := os.Stat(r.BlobPath(name)); (err == nil) != stays {
					t.Errorf("%s: %v", name, err)
				}
			}
			for _, path := range []string{"both", "kept"} {
				if _, ok := r.Lookup(commit, path); !ok {
					t.Errorf("%s is gone", path)
				}
			}
		})
	}
}
