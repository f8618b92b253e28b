package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

var day = time.Date(2026, 9, 22, 17, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func model(name string) store.RepoID { return store.RepoID{Type: wire.Model, Name: name} }

// create makes a repo with one empty commit on main.
func create(t *testing.T, s *store.Store, name string) *store.Repo {
	t.Helper()
	r, err := s.Draft(model(name))
	if err != nil {
		t.Fatal(err)
	}
	first := store.NewCommit(store.Commit{Author: "ann", Title: "initial commit", Date: day}, []store.File{})
	if err := errors.Join(r.MoveRef(store.Ref{Kind: store.Heads, Name: "main"}, first), r.Finish(t.Context(), store.Settings{}, day)); err != nil {
		t.Fatal(err)
	}
	return r
}

// sizeOnDisk sums the files below dir.
func sizeOnDisk(t *testing.T, dir string) (sum int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		sum += fi.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// A history takes room for its changes, not for all files once more with each
// commit; whatever way a commit is kept, it is read as it was.
func TestHistory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	r := create(t, s, "ann/model")
	head, err := r.Resolve("main")
	if err != nil {
		t.Fatal(err)
	}
	const commits = 200
	var written []*store.Commit
	for n := range commits {
		files := append([]store.File{}, head.Files()...)
		files = append(files, store.File{Path: fmt.Sprintf("f%04d", n), OID: store.BlobID([]byte{byte(n)}), Size: 1})
		if n%7 == 3 { // one goes, one changes
			files = files[1:]
			files[n/2%len(files)].Size++
			files[n/2%len(files)].Commit = ""
		}
		head = store.NewCommit(store.Commit{Parent: head.ID, Author: "ann", Title: fmt.Sprint(n), Date: day}, files)
		if err := r.SaveCommit(head); err != nil {
			t.Fatal(err)
		}
		written = append(written, head)
	}
	// All lists would be 3.5 MB.
	if size := sizeOnDisk(t, r.Path("commits")); size > commits*2000 {
		t.Errorf("%d commits take %d bytes", commits, size)
	}
	again := open(t, dir) // with nothing in memory
	if r, err = again.Repo(model("ann/model")); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < commits; n += 13 {
		want := written[n]
		got, err := r.Commit(want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got.Files()) != fmt.Sprint(want.Files()) || got.TreeID("") != want.TreeID("") || got.Title != want.Title {
			t.Fatalf("commit %d is read as\n%v\nnot\n%v", n, got.Files(), want.Files())
		}
	}
}

// A mirror keeps ids, dates and history of another hub, and moves all refs at
// once, while a server has the directory open.
func TestMirroredWhileServed(t *testing.T) {
	dir := t.TempDir()
	server, mirror := open(t, dir), open(t, dir)
	id := model("ann/model")
	if _, err := server.Repo(id); !errors.Is(err, store.ErrNoRepo) {
		t.Fatal(err)
	}
	r, err := mirror.Draft(id)
	if err != nil {
		t.Fatal(err)
	}
	oid, err := r.PutBlob([]byte("hello"))
	if err != nil {
		t.Fatal(err)
	}
	older, newer := strings.Repeat("a", 40), strings.Repeat("b", 40)
	head := store.NewCommit(store.Commit{ID: newer, Parent: older, Author: "zoe", Title: "from elsewhere", Date: day}, []store.File{{Path: "a", OID: oid, Size: 5}})
	err = errors.Join(
		r.SaveCommit(head),
		r.SaveHeader(store.Commit{ID: older, Author: "zoe", Title: "first", Date: day.Add(-time.Hour)}),
		r.UpdateRefs(func(refs map[string]string) { refs["refs/heads/main"], refs["refs/tags/v1"] = newer, newer }),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Repo(id); !errors.Is(err, store.ErrNoRepo) {
		t.Errorf("a draft is seen: %v", err)
	}
	if err := r.Finish(t.Context(), store.Settings{Gated: "auto"}, day); err != nil {
		t.Fatal(err)
	}
	seen, err := server.Repo(id)
	if err != nil {
		t.Fatal(err)
	}
	for _, rev := range []string{"main", "v1", newer, newer[:7], "HEAD", "refs/heads/main"} {
		c, err := seen.Resolve(rev)
		if err != nil || c.ID != newer || !c.Date.Equal(day) || c.Files()[0].Commit != newer {
			t.Errorf("%s: %v, %v", rev, c, err)
		}
	}
	if _, err := seen.Resolve(older); !errors.As(err, new(*store.RevisionError)) {
		t.Errorf("a commit without files is resolved: %v", err)
	}
	if c, err := seen.Header(older); err != nil || c.Title != "first" {
		t.Errorf("%v, %v", c, err)
	}
	if content := string(seen.ReadFile(head, "a", 10)); content != "hello" || seen.Gated != "auto" {
		t.Errorf("%q, %v", content, seen.Settings)
	}
	// The settings, the refs and a deletion are seen at once.
	if _, err := r.Configure(t.Context(), func(s *store.Settings) { s.Private = true }); err != nil {
		t.Fatal(err)
	}
	if again, err := server.Repo(id); err != nil || !again.Private {
		t.Errorf("%v, %v", again, err)
	}
	if err := r.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list, err := server.Repos(); err != nil || len(list) > 0 {
		t.Errorf("%v, %v", list, err)
	}
	if err := seen.Locked(t.Context(), func() error { return nil }); !errors.Is(err, store.ErrNoRepo) {
		t.Errorf("a deleted repo is locked: %v", err)
	}
}

// Two processes do not change a repo at the same time, and who waits can stop.
func TestLocks(t *testing.T) {
	dir := t.TempDir()
	one, two := open(t, dir), open(t, dir)
	r := create(t, one, "ann/model")
	same, err := two.Repo(r.ID)
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := r.Lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	for _, waiting := range []*store.Repo{same, r} {
		if _, err := waiting.Lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("locked twice: %v", err)
		}
	}
	unlock()
	if unlock, err = same.Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	unlock()

	release, err := one.KeepObjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again, err := two.KeepObjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	again()
	ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := two.LockObjects(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("objects that are kept may be collected: %v", err)
	}
	release()
	if release, err = two.LockObjects(t.Context()); err != nil {
		t.Fatal(err)
	}
	release()
}

func TestNames(t *testing.T) {
	s := open(t, t.TempDir())
	r := create(t, s, "ann/old")
	for _, taken := range []string{"ann/old", "Ann/OLD"} {
		if _, err := s.Draft(model(taken)); !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: %v", taken, err)
		}
	}
	if err := r.Move(t.Context(), model("ann/new")); err != nil {
		t.Fatal(err)
	}
	r, err := s.Repo(model("ann/new"))
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Move(t.Context(), model("acme/newest")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ann/old", "ann/new", "acme/newest", "ACME/Newest", "Ann/Old"} {
		if found, err := s.Find(model(name)); err != nil || found.ID.Name != "acme/newest" {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
	if _, err := s.Repo(model("ann/old")); !errors.Is(err, store.ErrNoRepo) {
		t.Error(err)
	}
	// Who makes a repo of an old name has the name.
	create(t, s, "ann/old")
	if found, err := s.Find(model("ann/old")); err != nil || found.ID.Name != "ann/old" {
		t.Errorf("%v, %v", found, err)
	}
	// A name that differs in letter case only can be taken by the repo itself.
	if found, _ := s.Find(model("ann/old")); found.Move(t.Context(), model("Ann/Old")) != nil {
		t.Error("the letter case can not be changed")
	}
	if found, err := s.Find(model("ann/old")); err != nil || found.ID.Name != "Ann/Old" {
		t.Errorf("%v, %v", found, err)
	}
	// A directory that is no repo is not touched.
	fill(t, s.Path("repos"), map[string]string{"models--a--b/refs/main": "x", "models--a--b/blobs/x": "y"})
	if _, err := s.Draft(model("a/b")); !errors.Is(err, store.ErrInTheWay) {
		t.Error(err)
	}
}

// A repo of a version before refs.list is read, and what its making left when it
// was killed is gone on with.
func TestOlderLayouts(t *testing.T) {
	s := open(t, t.TempDir())
	r := create(t, s, "ann/model")
	head, _ := r.Ref(store.Heads, "main")
	if err := os.Remove(r.Path("refs.list")); err != nil {
		t.Fatal(err)
	}
	fill(t, r.Path("refs"), map[string]string{"heads/main": head + "\n", "heads/a%2Fb": head + "\n", "tags/v1.0": head + "\n", "pr/1": head + "\n"})
	for _, rev := range []string{"main", "a/b", "v1.0", "refs/pr/1"} {
		if c, err := r.Resolve(rev); err != nil || c.ID != head {
			t.Errorf("%s: %v", rev, err)
		}
	}
	if err := r.DeleteRef(store.Tags, "v1.0"); err != nil {
		t.Fatal(err)
	}
	if list, err := r.Refs(store.Heads); err != nil || len(list) != 2 {
		t.Errorf("%v, %v", list, err)
	}
	if _, ok := r.Ref(store.Tags, "v1.0"); ok {
		t.Error("a deleted tag is there")
	}
	data, err := os.ReadFile(r.Path("commits", head[:2], head))
	if err != nil {
		t.Fatal(err)
	}
	if first, _, _ := bytes.Cut(data, []byte("\n")); !json.Valid(first) {
		t.Errorf("%s", data)
	}
	fill(t, s.Path("repos"), map[string]string{"models--ann--half/blobs/ab/x": "y", "models--ann--half/commits/ab/": ""})
	create(t, s, "ann/half")
}

// What a process that is gone left unfinished is removed, what a living one has
// is not.
func TestTemporaryFiles(t *testing.T) {
	dir := t.TempDir()
	living := open(t, dir)
	f, err := living.Temp(0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Drop(f)
	fill(t, living.Path("tmp"), map[string]string{"GONE/lock": "", "GONE/1": "half", "17": "half", "mine.txt": "mine", "theirs/1": "mine"})
	open(t, dir)
	for name, want := range map[string]bool{f.Name(): true, "GONE": false, "17": false, "mine.txt": true, "theirs/1": true} {
		if !filepath.IsAbs(name) {
			name = living.Path("tmp", name)
		}
		if _, err := os.Stat(name); (err == nil) != want {
			t.Errorf("%s is there: %v", name, err == nil)
		}
	}
}
