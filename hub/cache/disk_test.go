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

// What unfinished files take of the disk is known, and nothing else counts.
func TestPartial(t *testing.T) {
	root := t.TempDir()
	content, id := sample(300_000)
	repo := NewRepo(root, "models", "org/name")
	local := LocalDir{Dir: filepath.Join(root, "dir")}
	if repo.Partial() != 0 || local.Partial() != 0 {
		t.Error("nothing takes room")
	}
	if err := durable.WriteFile(repo.BlobPath("whole"), content); err != nil {
		t.Fatal(err)
	}
	for base, partial := range map[string]func() int64{repo.BlobPath(id.Etag): repo.Partial, local.PartPath("a/b.bin", id.Etag): local.Partial} {
		p := openPart(t, base, id)
		fill(t, p, content, 1<<30)
		if err := p.f.Sync(); err != nil {
			t.Fatal(err)
		}
		if n := partial(); n < 300_000 || n > 400_000 {
			t.Errorf("%s takes %d bytes", base, n)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Names as long as a filesystem allows leave room for those beside them.
func TestLongNames(t *testing.T) {
	local := LocalDir{Dir: t.TempDir()}
	content, id := sample(3_000_000)
	name := "d/" + strings.Repeat("n", 240)
	p := openPart(t, local.PartPath(name, id.Etag), id)
	fill(t, p, content, 1<<30)
	if err := p.Finish(local.Path(name)); err != nil {
		t.Fatal(err)
	}
	if err := local.SetMetadata(name, Metadata{Commit: commit, Etag: id.Etag, Saved: time.Now()}); err != nil {
		t.Fatal(err)
	}
	r := NewRepo(t.TempDir(), "models", "org/name")
	if err := durable.WriteFile(r.BlobPath("e"), content); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Link(commit, "d/"+strings.Repeat("n", 255), "e"); err != nil {
		t.Error(err)
	}
}
