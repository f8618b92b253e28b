package hub_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// The meter ends at the file's size, whatever had to be repeated.
func TestDownloadProgress(t *testing.T) {
	w := newWorld(t)
	content := blob(5<<20, 1)
	w.seed(files{"m.bin": content})
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Cut: true, After: 300_000, Times: 3})
	p := &progress{}
	if _, err := w.client().Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{"m.bin"}}, FetchOptions: hub.FetchOptions{Progress: p}}); err != nil {
		t.Fatal(err)
	}
	if p.n != int64(len(content)) || p.size != p.n || p.done != 1 || p.verb != "downloading" {
		t.Errorf("progress %+v", p)
	}
}

// progress adds up what it is told.
type progress struct {
	mu      sync.Mutex
	verb    string
	size, n int64
	found   int64 // of n
	done    int
}

func (p *progress) Start(verb, _ string, size int64) hub.Meter {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.verb = verb
	p.size += size
	return p
}

func (p *progress) Expect(string, int64) {}

func (p *progress) Found(n int64) {
	p.Add(n)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found += n
}

func (p *progress) Add(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n += n
}

func (p *progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
}

// An upload's bytes are those that went, and those that the hub was found to
// have; a download's, those that came, and those that an earlier one had left.
func TestProgressTellsWhatWasThere(t *testing.T) {
	w := newWorld(t)
	w.seed(files{})
	large, small := blob(300_000, 1), []byte("small")
	for _, c := range []struct {
		files        files
		moved, found int64 // by hashing and uploading
	}{
		{files{"a.bin": large, "s.txt": small}, 300_000 + 300_000 + 5, 0},
		{files{"b.bin": large, "s.txt": small}, 300_000, 300_000 + 5},
	} {
		p := &progress{}
		w.mustUpload(c.files, func(u *hub.Upload) { u.Progress = p })
		if p.n-p.found != c.moved || p.found != c.found || p.size != p.n {
			t.Errorf("%d files: %+v, want %d moved, %d found", len(c.files), p, c.moved, c.found)
		}
	}
	c := w.client()
	opts := hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{"a.bin"}}}
	if _, err := c.Download(t.Context(), opts); err != nil {
		t.Fatal(err)
	}
	p := &progress{}
	opts.Files, opts.Progress = []string{"a.bin", "s.txt"}, p
	if _, err := c.Download(t.Context(), opts); err != nil || p.found != 300_000 || p.n != 300_005 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A dataset's files are found under its own address and folder.
func TestDownloadDataset(t *testing.T) {
	w := newWorld(t)
	c := w.client()
	data := hub.Repo{Type: wire.Dataset, ID: "ann/data"}
	if _, err := c.CreateRepo(t.Context(), data, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Upload(t.Context(), hub.Upload{Repo: data, Files: files{"x.csv": []byte("1,2")}.upload(), Message: "m"}); err != nil {
		t.Fatal(err)
	}
	snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: data, Selection: hub.Selection{Files: []string{"x.csv"}}})
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files["x.csv"], []byte("1,2"))
	if !strings.Contains(snap.Dir, "datasets--ann--data") || len(w.requests(path(http.MethodGet, "/datasets/ann/data/resolve/"))) == 0 {
		t.Errorf("snapshot in %s", snap.Dir)
	}
}
