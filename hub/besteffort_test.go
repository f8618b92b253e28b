package hub_test

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longcat/hub"
)

// notes collects what a client has to say.
func notes(to *[]string) func(*hub.Config) {
	return func(c *hub.Config) { c.Notify = func(text string) { *to = append(*to, text) } }
}

// block makes a path of the repo's folder in the cache one that nothing can be
// written below, for root too.
func block(t *testing.T, cacheDir, path string) {
	t.Helper()
	p := filepath.Join(cacheDir, "models--ann--model", path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o777), os.WriteFile(p, nil, 0o444)); err != nil {
		t.Fatal(err)
	}
}

// Files that came are given out, whether or not it can be noted which revision
// they are of.
func TestRefThatCanNotBeNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	commit := w.seed(files{"config.json": []byte("{}")})
	for name, blocked := range map[string]string{"no refs at all": "refs", "a branch is in the way": "refs/refs/heads"} {
		var told []string
		c := w.client(notes(&told))
		block(t, c.CacheDir(), blocked)
		snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: "refs/heads/main"})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantFile(t, snap.Files["config.json"], []byte("{}"))
		if snap.Commit != commit || len(told) != 1 || !strings.Contains(told[0], "refs/heads/main") {
			t.Errorf("%s: commit %s, told %q", name, snap.Commit, told)
		}
	}
}

// That a file does not exist is the answer, whether or not it can be noted.
func TestNoExistThatCanNotBeNoted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"config.json": []byte("{}")})
	c := w.client()
	block(t, c.CacheDir(), ".no_exist")
	_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{"absent"}}})
	if !errors.Is(err, hub.ErrEntryNotFound) || errors.As(err, new(*fs.PathError)) {
		t.Errorf("got %v", err)
	}
}

// Nothing is fetched, locked or written for files that are all there.
func TestReadOnlyCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"config.json": []byte("{}"), weights: blob(100_000, 1)})
	c := w.client()
	want, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	makeReadOnly(t, c.CacheDir())
	w.before(func(_ http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/resolve/") {
			t.Errorf("asked for %s", r.URL.Path)
		}
	})
	for _, rev := range []string{"main", "refs/heads/main", want.Commit} {
		got, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: rev})
		if err != nil || got.Dir != want.Dir {
			t.Errorf("%s: %v, %v", rev, got, err)
		}
	}
}

// setModes gives all directories and files below dir these modes.
func setModes(t *testing.T, dir string, dirs, regular fs.FileMode) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return os.Chmod(p, dirs)
		case d.Type().IsRegular():
			return os.Chmod(p, regular)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
