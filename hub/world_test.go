package hub_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
)

const token = "hf_secret_of_ann"

var (
	repo   = hub.Repo{ID: "ann/model"}
	noTime time.Time
)

// world is a hub with a CDN on a port of its own, and a repo of ann's.
type world struct {
	*testing.T
	hub       *localhub.Hub
	url, cdn  string
	serve     http.Handler
	faults    *localhub.Faults
	clock     *clock
	intercept atomic.Pointer[http.HandlerFunc]

	mu  sync.Mutex
	log []localhub.Request
}

// clock is the hub's time; only tests move it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// newWorld starts a hub where 64 KiB are a large file and 1 MiB goes in parts.
func newWorld(t *testing.T, change ...func(*localhub.Options)) *world {
	t.Helper()
	w := &world{T: t, faults: &localhub.Faults{}, clock: &clock{at: time.Date(2026, 9, 22, 17, 0, 0, 0, time.UTC)}}
	var handler http.Handler
	serve := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if f := w.intercept.Load(); f != nil {
			(*f)(rw, r)
		}
		handler.ServeHTTP(rw, r)
	})
	front, cdn := httptest.NewServer(serve), httptest.NewServer(serve)
	w.url, w.cdn = front.URL, cdn.URL
	opts := localhub.Options{
		Tokens: []localhub.Token{
			{Secret: token, User: "ann", Role: localhub.Write},
			{Secret: "hf_secret_of_bob", User: "bob", Role: localhub.Write},
		},
		CDN: w.cdn, LFSThreshold: 64 << 10, Multipart: 1 << 20, PartSize: 256 << 10,
		Now: w.clock.now, Faults: w.faults,
		Log: func(r localhub.Request) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log = append(w.log, r)
		},
	}
	for _, f := range change {
		f(&opts)
	}
	h, err := localhub.Open(t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	handler, w.hub, w.serve = h, h, h
	t.Cleanup(func() {
		front.Close()
		cdn.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// before shows every request to f first; f may panic with
// http.ErrAbortHandler to break the connection.
func (w *world) before(f http.HandlerFunc) { w.intercept.Store(&f) }

// requests are the log's lines that pass a filter.
func (w *world) requests(filter func(localhub.Request) bool) (found []localhub.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.log {
		if filter(r) {
			found = append(found, r)
		}
	}
	return found
}

func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = nil
}

// fromCDN is how many bytes of content went out.
func (w *world) fromCDN() (n int64) {
	for _, r := range w.requests(isContent) {
		n += r.Sent
	}
	return n
}

func isContent(r localhub.Request) bool { return strings.HasPrefix(r.Path, "/-/cdn/") }

func path(method, part string) func(localhub.Request) bool {
	return func(r localhub.Request) bool {
		return (method == "" || r.Method == method) && strings.Contains(r.Path, part)
	}
}

// client is ann's, with a cache of its own and no time to lose.
func (w *world) client(change ...func(*hub.Config)) *hub.Client {
	return newClient(w, w.url, change...)
}

func newClient(t testing.TB, endpoint string, change ...func(*hub.Config)) *hub.Client {
	t.Helper()
	cfg := hub.Config{
		Endpoint: endpoint, Token: token, NoXet: true, CacheDir: filepath.Join(t.TempDir(), "hub"),
		StallTimeout: 10 * time.Second, RetryWaitMin: time.Millisecond, RetryWaitMax: 4 * time.Millisecond, RetryFor: 2 * time.Second,
	}
	for _, f := range change {
		f(&cfg)
	}
	c, err := hub.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func anonymous(c *hub.Config) { c.Token = "" }

// files are paths and contents.
type files map[string][]byte

func (f files) upload() (list []hub.UploadFile) {
	for p, b := range f {
		list = append(list, hub.UploadFile{Path: p, Content: io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))})
	}
	return list
}

// seed makes ann's repo and commits files to it; it returns the commit.
func (w *world) seed(f files) string {
	w.Helper()
	c := w.client()
	if _, err := c.CreateRepo(w.Context(), repo, ""); err != nil {
		w.Fatal(err)
	}
	res, err := c.Upload(w.Context(), hub.Upload{Repo: repo, Files: f.upload(), Message: "seed"})
	if err != nil {
		w.Fatal(err)
	}
	w.forget()
	return res.Commit
}

// blob is n bytes that differ by seed.
func blob(n int, seed byte) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// wantFile compares a file on disk with what it should hold.
func wantFile(t testing.TB, path string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s: %d bytes, sha256 %s; want %d, %s", path, len(got), sha(got), len(want), sha(want))
	}
}

// wantNoFile insists that nothing stands under a final name below dir.
func wantNoFile(t testing.TB, dir string) {
	t.Helper()
	_ = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.Contains(p, ".longcat.incomplete") && !strings.HasSuffix(p, ".lock") {
			t.Errorf("left under a final name: %s", p)
		}
		return nil
	})
}

func newServer(t *testing.T, h http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}
