package hub_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/cache"
)

// damage is what may happen to a file in the cache.
var damage = map[string]func(b []byte) []byte{
	"one bit":   func(b []byte) []byte { b[len(b)*3/4] ^= 0x40; return b },
	"cut short": func(b []byte) []byte { return b[:len(b)-1] },
	"grown":     func(b []byte) []byte { return append(b, 0) },
	"emptied":   func([]byte) []byte { return nil },
}

// spoil writes to a file's content in place, whatever links lead to it.
func spoil(t *testing.T, path string, how func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, how(bytes.Clone(b)), 0o666)
	}
	if err == nil { // clocks of filesystems have steps
		err = os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A file of another size is fetched; one with other bytes of the same size is an
// error where its content matters, and is fetched when it is to be repaired.
func TestDamagedCache(t *testing.T) {
	t.Parallel()
	content := files{"config.json": []byte(`{"a": 1}`), weights: blob(3<<20, 1)}
	w := newWorld(t)
	commit := w.seed(content)
	for name, how := range damage {
		for path, want := range content {
			t.Run(name+" "+path, func(t *testing.T) {
				c := w.client()
				o := hub.DownloadOptions{Repo: repo, FetchOptions: hub.FetchOptions{Check: hub.CheckOnce}}
				snap, err := c.Download(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				spoil(t, snap.Files[path], how)
				snap, err = c.Download(t.Context(), o)
				var corrupt *cache.CorruptError
				switch sameSize := name == "one bit"; {
				case sameSize && (!errors.As(err, &corrupt) || !strings.HasSuffix(corrupt.Path, path)):
					t.Fatalf("got %v, %v", snap, err)
				case !sameSize && err != nil:
					t.Fatal(err)
				}
				if path == "config.json" { // small files are right whenever they are read
					r, closer, err := c.Open(t.Context(), repo, commit, path)
					if err != nil {
						t.Fatal(err)
					}
					defer closer.Close()
					got := make([]byte, r.Size())
					if _, err := r.ReadAt(got, 0); err != nil || !bytes.Equal(got, want) {
						t.Errorf("read %q, %v", got, err)
					}
				}
				o.Check, o.Repair = hub.CheckSize, true
				snap, err = c.Download(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				wantFile(t, snap.Files[path], want)
			})
		}
	}
}

// The hub's file may be held under the right name before it is a file of the
// commit: that counts as there, and is looked at as well.
func TestDamagedBlobOfAnotherCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(3<<20, 1)
	w.seed(files{weights: content})
	c := w.client()
	bad := bytes.Clone(content)
	bad[1<<20]++
	blobs := filepath.Join(c.CacheDir(), "models--ann--model", "blobs")
	if err := errors.Join(os.MkdirAll(blobs, 0o777), os.WriteFile(filepath.Join(blobs, sha(content)), bad, 0o666)); err != nil {
		t.Fatal(err)
	}
	o := onlyWeights
	o.Check = hub.CheckOnce
	if _, err := c.Download(t.Context(), o); !errors.As(err, new(*cache.CorruptError)) {
		t.Fatalf("got %v", err)
	}
	o.Repair = true
	snap, err := c.Download(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content)
}

// hashed counts the files that a client reads to check them.
type hashed struct {
	mu    sync.Mutex
	files []string
}

func (h *hashed) Start(kind, name string, _ int64) hub.Meter {
	h.mu.Lock()
	defer h.mu.Unlock()
	if kind == "hashing" {
		h.files = append(h.files, name)
	}
	return h
}

func (*hashed) Expect(string, int64) {}
func (*hashed) Add(int64)            {}
func (*hashed) Found(int64)          {}
func (*hashed) Done()                {}

// What arrived was hashed on the way, and what was hashed once is not again by
// another process, as long as nobody writes to it.
func TestHashedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{weights: blob(3<<20, 1)})
	dir := t.TempDir()
	look := func(check hub.Check, want int) string {
		t.Helper()
		var h hashed
		o := onlyWeights
		o.Check, o.Progress = check, &h
		snap, err := w.client(func(c *hub.Config) { c.CacheDir, c.StateDir = filepath.Join(dir, "hub"), filepath.Join(dir, "state") }).Download(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if len(h.files) != want {
			t.Errorf("hashed %q, want %d", h.files, want)
		}
		return snap.Files[weights]
	}
	look(hub.CheckOnce, 0)
	look(hub.CheckOnce, 0)
	path := look(hub.CheckAlways, 1)
	list, err := filepath.Glob(filepath.Join(dir, "state", "verified.*"))
	if err != nil || len(list) != 1 {
		t.Fatalf("%q, %v", list, err)
	}
	spoil(t, path, func(b []byte) []byte { return b }) // the same bytes, and another time
	look(hub.CheckOnce, 1)
	look(hub.CheckOnce, 0)
	if runtime.GOOS == "windows" {
		return // where modes say nothing
	}
	if err := os.Chmod(list[0], 0o666); err != nil { // anybody may have written it
		t.Fatal(err)
	}
	look(hub.CheckOnce, 1)
}
