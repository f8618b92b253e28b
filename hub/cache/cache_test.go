package cache

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"longcat/internal/durable"
)

const commit = "1111111111111111111111111111111111111111"

func TestRepoLayout(t *testing.T) {
	root := t.TempDir()
	r := NewRepo(root, "models", "org/name")
	if err := durable.WriteFile(r.BlobPath("abc"), []byte("hello")); err != nil {
		t.Fatal(err)
	}
	p, err := r.Link(commit, "sub/file.txt", "abc")
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(root, "models--org--name", "snapshots", commit, "sub", "file.txt"); p != want {
		t.Errorf("linked at %q, want %q", p, want)
	}
	if target, _ := os.Readlink(p); target != filepath.FromSlash("../../../blobs/abc") {
		t.Errorf("the link points to %q", target)
	}
	if b, err := os.ReadFile(p); string(b) != "hello" || err != nil {
		t.Errorf("behind the link: %q, %v", b, err)
	}
	if files, err := r.Files(commit); err != nil || !slices.Equal(files, []string{"sub/file.txt"}) {
		t.Errorf("the snapshot lists %v, %v", files, err)
	}
	if err := r.SetRef("refs/pr/1", commit); err != nil {
		t.Fatal(err)
	}
	if got, err := r.Ref("refs/pr/1"); got != commit || err != nil {
		t.Errorf("ref is %q, %v", got, err)
	}
	if err := r.SetRef("../../escape", commit); err == nil {
		t.Error("a ref left its folder")
	}
}

// A blob that is a link into a store shared by repos is replaced, not written
// through.
func TestSharedContentIsNotTouched(t *testing.T) {
	root := t.TempDir()
	shared := filepath.Join(root, "blobs", "ab", "abcd")
	if err := durable.WriteFile(shared, []byte("shared")); err != nil {
		t.Fatal(err)
	}
	r := NewRepo(root, "models", "org/name")
	blob := r.BlobPath("etag")
	if err := os.MkdirAll(filepath.Dir(blob), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../blobs/ab/abcd", blob); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(blob, []byte("own")); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(shared); string(b) != "shared" {
		t.Errorf("the shared content is now %q", b)
	}
}

func TestLookupWantsContentBehindTheLink(t *testing.T) {
	r := NewRepo(t.TempDir(), "models", "org/name")
	if _, err := r.Link(commit, "gone.bin", "nosuchblob"); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Lookup(commit, "gone.bin"); ok {
		t.Error("a dangling link counts as a file")
	}
}

func TestLocalDirMetadata(t *testing.T) {
	l := LocalDir{Dir: t.TempDir()}
	if err := durable.WriteFile(l.Path("a/b.txt"), []byte("x")); err != nil {
		t.Fatal(err)
	}
	saved := time.Now()
	if err := l.SetMetadata("a/b.txt", Metadata{Commit: commit, Etag: "e", Saved: saved}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(l.Dir, ".cache/huggingface/download/a/b.txt.metadata"))
	if err != nil || strings.Count(string(raw), "\n") != 3 || !strings.HasPrefix(string(raw), commit+"\ne\n") {
		t.Errorf("metadata is %q, %v", raw, err)
	}
	if m, ok := l.Metadata("a/b.txt"); !ok || m.Commit != commit || m.Etag != "e" {
		t.Errorf("read back %+v, %v", m, ok)
	}
	later := saved.Add(time.Hour)
	if err := os.Chtimes(l.Path("a/b.txt"), later, later); err != nil {
		t.Fatal(err)
	}
	if _, ok := l.Metadata("a/b.txt"); ok {
		t.Error("metadata of a file that was edited is believed")
	}
}
