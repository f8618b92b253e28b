package cache

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"longcat/internal/durable"
)

// Small content takes a part's name on its way, and is checked.
func TestKeep(t *testing.T) {
	content, id := sample(1000)
	dir := t.TempDir()
	part, final := filepath.Join(dir, "p", "part"), filepath.Join(dir, "f", "final")
	if err := os.MkdirAll(filepath.Dir(part), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(part+partSuffix, bytes.Repeat([]byte("old"), 5000), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, wrong := range map[string][]byte{"short": content[:999], "other": bytes.Repeat([]byte("x"), 1000)} {
		if err := Keep(part, final, wrong, id); err == nil {
			t.Errorf("%s content was kept", name)
		}
		if _, err := os.Stat(final); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s content has its final name", name)
		}
	}
	if err := Keep(part, final, content, id); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(final); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file differs (%v)", err)
	}
	if _, err := os.Stat(part + partSuffix); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the part is still there")
	}
}

// What an unfinished file takes of the disk is known.
func TestPartial(t *testing.T) {
	content, id := sample(300_000)
	base := filepath.Join(t.TempDir(), "blob")
	if n := Partial(base); n != 0 {
		t.Errorf("nothing takes %d bytes", n)
	}
	p := openPart(t, base, id)
	fill(t, p, content, 1<<30)
	if err := p.f.Sync(); err != nil {
		t.Fatal(err)
	}
	if n := Partial(base); n < 300_000 || n > 400_000 {
		t.Errorf("it takes %d bytes", n)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
}

// Names as long as a filesystem allows leave room for those beside them.
func TestLongNames(t *testing.T) {
	local := LocalDir{Dir: t.TempDir()}
	content, id := sample(3_000_000)
	for _, length := range []int{240, 250, 255} {
		name := "d/" + strings.Repeat("n", length)
		p := openPart(t, local.PartPath(name, id.Etag), id)
		fill(t, p, content, 1<<30)
		if err := p.Finish(local.Path(name)); err != nil {
			t.Fatal(err)
		}
		if err := local.SetMetadata(name, Metadata{Commit: commit, Etag: id.Etag, Saved: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if m, ok := local.Metadata(name); !ok || m.Etag != id.Etag {
			t.Errorf("remembered of a name of %d bytes: %v, %v", length, m, ok)
		}
	}
	r := NewRepo(t.TempDir(), "models", "org/name")
	if err := durable.WriteFile(r.BlobPath("e"), content); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Link(commit, "d/"+strings.Repeat("n", 255), "e"); err != nil {
		t.Error(err)
	}
}

// Where no symbolic links can be made, content stands once on the disk.
func TestLinkWithoutSymlinks(t *testing.T) {
	r := NewRepo(t.TempDir(), "models", "org/name")
	if err := durable.WriteFile(r.BlobPath("e"), []byte("content")); err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, name := range []string{"a", "d/b", "a"} {
		p := filepath.Join(r.SnapshotDir(commit), filepath.FromSlash(name))
		if err := durable.MkdirAll(filepath.Dir(p)); err != nil {
			t.Fatal(err)
		}
		got, err := r.linkWithout(p, "e")
		if err != nil || got != p {
			t.Fatal(got, err)
		}
		places = append(places, p)
	}
	first, err := os.Stat(places[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		if b, err := os.ReadFile(p); string(b) != "content" {
			t.Errorf("%s: %q, %v", p, b, err)
		}
		if st, err := os.Stat(p); err != nil || !os.SameFile(first, st) {
			t.Errorf("%s is a copy (%v)", p, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(r.SnapshotDir(""), ".longcat-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// Unfinished files that nobody will go on with are removed, and no others.
func TestRemoveStale(t *testing.T) {
	r := NewRepo(t.TempDir(), "models", "org/name")
	now := time.Now()
	old := now.Add(-48 * time.Hour)
	names := map[string]bool{ // whether they stay
		"wanted" + partSuffix:                true,
		"wanted" + partSuffix + ".journal":   true,
		"given" + partSuffix:                 false,
		"given" + partSuffix + ".journal":    false,
		"locked" + partSuffix:                true,
		"there" + partSuffix:                 false,
		"there":                              true,
		"python.0a1b2c3d" + otherSuffix:      false,
		"wanted.0a1b2c3d" + otherSuffix:      false,
		"just-written" + partSuffix:          true,
		"just-written.ffffffff.incomplete":   true,
		"some.other.file":                    true,
		"there" + partSuffix + ".journal":    false,
		"given" + partSuffix + ".tmp":        false,
		"dir-that-looks" + partSuffix + "/x": true,
	}
	for name := range names {
		p := r.BlobPath(name)
		if err := durable.WriteFile(p, nil); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(name, "just-written") {
			if err := os.Chtimes(p, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	lock, err := durable.TryLock(r.LockPath("locked"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	r.RemoveStale(func(etag string) bool { return etag == "wanted" }, now.Add(-24*time.Hour))
	for name, stays := range names {
		if _, err := os.Stat(r.BlobPath(name)); (err == nil) != stays {
			t.Errorf("%s: %v", name, err)
		}
	}
}
