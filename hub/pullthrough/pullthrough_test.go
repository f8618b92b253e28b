package pullthrough_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/pullthrough"
)

const token = "hf_secret_of_ann"

var model = hub.Repo{ID: "ann/model"}

// server is a hub on a port.
type server struct {
	*localhub.Hub
	url   string
	dir   string
	sent  atomic.Int64 // body bytes
	asked atomic.Int64 // requests
	down  atomic.Bool  // connections are cut
	lives atomic.Int64 // body bytes until it is down by itself; 0: any number
	cut   chan struct{}
}

// cutWriter is the connection of a server that dies.
type cutWriter struct {
	http.ResponseWriter
	s *server
}

func (w cutWriter) Write(p []byte) (int, error) {
	if left := w.s.lives.Load(); left > 0 && w.s.lives.Add(-int64(len(p))) <= 0 {
		w.s.down.Store(true)
		close(w.s.cut)
	}
	if w.s.down.Load() {
		panic(http.ErrAbortHandler)
	}
	return w.ResponseWriter.Write(p)
}

func (w cutWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func serve(t *testing.T, opts localhub.Options) *server {
	t.Helper()
	s := &server{dir: t.TempDir(), cut: make(chan struct{})}
	opts.Tokens = []localhub.Token{{Secret: token, User: "ann", Role: localhub.Write}}
	opts.LFSThreshold, opts.NoXet = 64<<10, true
	opts.Log = func(r localhub.Request) { s.sent.Add(r.Sent); s.asked.Add(1) }
	h, err := localhub.Open(s.dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.Hub = h
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.down.Load() {
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(cutWriter{w, s}, r)
	}))
	s.url = front.URL
	t.Cleanup(func() {
		front.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// copyOf serves an empty hub whose upstream is another.
func copyOf(t *testing.T, upstream *server, token string, opts pullthrough.Options) *server {
	t.Helper()
	opts.Reserve = 1
	c := client(t, upstream, token, func(c *hub.Config) { c.RetryFor = 2 * time.Second })
	return serve(t, localhub.Options{Upstream: func(s *store.Store) localhub.Upstream { return pullthrough.New(c, s, opts) }})
}

func client(t *testing.T, s *server, token string, change ...func(*hub.Config)) *hub.Client {
	t.Helper()
	cfg := hub.Config{Endpoint: s.url, Token: token, RetryWaitMin: time.Millisecond, RetryWaitMax: 10 * time.Millisecond, RetryFor: -1}
	for _, f := range change {
		f(&cfg)
	}
	c, err := hub.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// always asks the upstream each time.
var always = pullthrough.Options{Fresh: 1}

// commit uploads files to a repo that it makes if need be, and returns the id.
func commit(t *testing.T, s *server, repo hub.Repo, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	c := client(t, s, token)
	if _, err := c.CreateRepo(t.Context(), repo, ""); err != nil {
		t.Fatal(err)
	}
	folder, err := hub.OpenFolder(dir, "", hub.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	done, err := c.Upload(t.Context(), hub.Upload{Repo: repo, Files: folder.Files, Message: "files of " + repo.ID})
	if err != nil {
		t.Fatal(err)
	}
	return done.Commit
}

func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// holds downloads a revision into a new directory and compares it.
func holds(t *testing.T, c *hub.Client, repo hub.Repo, rev, commit string, want map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: rev, LocalDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if snap.Commit != commit {
		t.Errorf("%s is %s, want %s", rev, snap.Commit, commit)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(got, want[name]) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want[name]))
		}
	}
}

func TestWhatIsMissingIsFetchedAndStays(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	files := map[string][]byte{
		"README.md": []byte("---\nlicense: mit\n---\n"), "sub dir/ü.txt": []byte("small"), "empty": nil,
		"model.safetensors": random(9<<20+5, 1),
	}
	first := commit(t, up, model, files)
	ann := client(t, up, token)
	if err := errors.Join(ann.CreateTag(t.Context(), model, "v1", "", ""), ann.CreateBranch(t.Context(), model, "dev", "")); err != nil {
		t.Fatal(err)
	}
	second := commit(t, up, model, map[string][]byte{"new": []byte("new")})

	down := copyOf(t, up, "", pullthrough.Options{})
	reader := client(t, down, "")
	holds(t, reader, model, "v1", first, files)
	branches, tags, err := reader.Refs(t.Context(), model)
	if err != nil || len(branches) != 2 || len(tags) != 1 || tags[0].Commit != first {
		t.Errorf("refs: %v %v %v", branches, tags, err)
	}
	holds(t, reader, model, "", second, map[string][]byte{"new": []byte("new")})

	up.down.Store(true)
	holds(t, client(t, down, ""), model, "v1", first, files)
	holds(t, client(t, down, ""), model, first, first, files)
	if _, err := client(t, down, "").RepoInfo(t.Context(), hub.Repo{ID: "ann/other"}, ""); !errors.Is(err, hub.ErrNotFound) && err == nil {
		t.Error("a repo that nobody can tell of was found")
	}
}

func TestOneFetchServesAll(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	files := map[string][]byte{"model.safetensors": random(24<<20, 2)}
	id := commit(t, up, model, files)
	down := copyOf(t, up, "", pullthrough.Options{})
	before := up.sent.Load()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { holds(t, client(t, down, ""), model, id, id, files) })
	}
	wg.Wait()
	if sent := up.sent.Load() - before; sent > 24<<20+64<<10 {
		t.Errorf("the upstream sent %d bytes of %d", sent, 24<<20)
	}
}

// write makes other bytes of an object in a hub's directory.
func write(t *testing.T, s *server, object, content []byte) {
	t.Helper()
	sum := sha256.Sum256(object)
	name := hex.EncodeToString(sum[:])
	if err := os.WriteFile(filepath.Join(s.dir, "objects", name[:2], name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWrongContentIsNeverKeptNorGivenWhole(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	content := random(9<<20, 3)
	id := commit(t, up, model, map[string][]byte{"model.safetensors": content})
	wrong := bytes.Clone(content)
	wrong[0]++
	write(t, up, content, wrong)
	down := copyOf(t, up, "", always)
	resp, err := http.Get(down.url + "/ann/model/resolve/" + id + "/model.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(resp.Body)
	if resp.Body.Close(); err == nil || len(got) == len(content) {
		t.Errorf("%d bytes came, %v", len(got), err)
	}
	if objects, _ := filepath.Glob(filepath.Join(down.dir, "objects", "*", "*")); len(objects) > 0 {
		t.Errorf("kept: %v", objects)
	}
	// The next who asks gets the right one, once the upstream has it.
	write(t, up, content, content)
	holds(t, client(t, down, ""), model, id, id, map[string][]byte{"model.safetensors": content})
}

func TestUpstreamDiesHalfway(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	content := random(20<<20, 4)
	id := commit(t, up, model, map[string][]byte{"model.safetensors": content})
	down := copyOf(t, up, "", always)
	up.lives.Store(10 << 20)
	got := make(chan []byte)
	go func() {
		defer close(got)
		resp, err := http.Get(down.url + "/ann/model/resolve/" + id + "/model.safetensors")
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		got <- b
	}()
	<-up.cut
	up.down.Store(false)
	if b := <-got; !bytes.Equal(b, content) {
		t.Errorf("%d bytes came, not the file's %d", len(b), len(content))
	}
}

func TestCopiesFollow(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	first := commit(t, up, model, map[string][]byte{"a": []byte("1")})
	down := copyOf(t, up, "", always)
	holds(t, client(t, down, ""), model, "main", first, map[string][]byte{"a": []byte("1")})
	second := commit(t, up, model, map[string][]byte{"a": []byte("2")})
	holds(t, client(t, down, ""), model, "main", second, map[string][]byte{"a": []byte("2")})
	holds(t, client(t, down, ""), model, first, first, map[string][]byte{"a": []byte("1")})
	var titles []string
	for c, err := range client(t, down, "").Commits(t.Context(), model, "main") {
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, c.Title)
	}
	if len(titles) != 3 || titles[0] != "files of ann/model" {
		t.Errorf("history: %q", titles)
	}
}

func TestOwnReposAreNotLookedForUpstream(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	down := copyOf(t, up, "", always)
	id := commit(t, down, model, map[string][]byte{"a": []byte("mine")})
	before := up.asked.Load()
	holds(t, client(t, down, ""), model, "main", id, map[string][]byte{"a": []byte("mine")})
	if n := up.asked.Load() - before; n > 0 {
		t.Errorf("the upstream was asked %d times", n)
	}
}

func TestCopiesAreNotWrittenTo(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	id := commit(t, up, model, map[string][]byte{"a": []byte("1")})
	down := copyOf(t, up, "", pullthrough.Options{})
	holds(t, client(t, down, ""), model, "main", id, nil)
	err := client(t, down, token).CreateBranch(t.Context(), model, "mine", "")
	if !errors.Is(err, hub.ErrForbidden) || !strings.Contains(err.Error(), up.url) {
		t.Errorf("a copy was written to: %v", err)
	}
	if err := client(t, down, token).DeleteRepo(t.Context(), model); err != nil {
		t.Errorf("deleting a copy: %v", err)
	}
	holds(t, client(t, down, ""), model, "main", id, map[string][]byte{"a": []byte("1")})
}

func TestPrivateReposStayPrivate(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	if _, err := client(t, up, token).CreateRepo(t.Context(), model, hub.Private); err != nil {
		t.Fatal(err)
	}
	id := commit(t, up, model, map[string][]byte{"a": []byte("secret")})
	down := copyOf(t, up, token, always)
	if _, err := client(t, down, "").RepoInfo(t.Context(), model, ""); err == nil {
		t.Error("a private repo is seen without a token")
	}
	holds(t, client(t, down, token), model, "main", id, map[string][]byte{"a": []byte("secret")})
}

// TestWhoAsksForTheSizeFetchesNothing asks for headers, as clients do before they
// download, and reads late.
func TestWhoAsksForTheSizeFetchesNothing(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	content := random(5<<20, 6)
	id := commit(t, up, model, map[string][]byte{"model.safetensors": content})
	down := copyOf(t, up, "", always)
	url := down.url + "/ann/model/resolve/" + id + "/model.safetensors"
	before := up.sent.Load()
	for range 3 {
		resp, err := http.Head(url)
		if err != nil {
			t.Fatal(err)
		}
		if resp.Body.Close(); resp.StatusCode != http.StatusOK || resp.ContentLength != int64(len(content)) {
			t.Errorf("%d, %d bytes", resp.StatusCode, resp.ContentLength)
		}
	}
	if sent := up.sent.Load() - before; sent > 1<<20 {
		t.Errorf("the upstream sent %d bytes", sent)
	}
	if temps, _ := filepath.Glob(filepath.Join(down.dir, "tmp", "*", "[0-9]*")); len(temps) > 0 {
		t.Errorf("left behind: %v", temps)
	}
	holds(t, client(t, down, ""), model, id, id, map[string][]byte{"model.safetensors": content})
}

func TestFullDiskIsSaidBefore(t *testing.T) {
	t.Parallel()
	up := serve(t, localhub.Options{})
	id := commit(t, up, model, map[string][]byte{"model.safetensors": random(1<<20, 5)})
	c := client(t, up, "")
	dir := t.TempDir()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	cache := pullthrough.New(c, s, pullthrough.Options{Reserve: 1 << 60})
	t.Cleanup(func() { _ = errors.Join(cache.Close(), s.Close()) })
	if err := cache.Follow(t.Context(), store.RepoID{Type: "model", Name: model.ID}, id); err != nil {
		t.Fatal(err)
	}
	r, err := s.Repo(store.RepoID{Type: "model", Name: model.ID})
	if err != nil {
		t.Fatal(err)
	}
	at, err := r.Commit(id)
	if err != nil {
		t.Fatal(err)
	}
	f, _ := at.Find("model.safetensors")
	_, err = cache.Open(context.Background(), r, id, f)
	if _, ok := errors.AsType[*hub.DiskError](err); !ok {
		t.Errorf("a full disk: %v", err)
	}
}
