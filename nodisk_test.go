package longcat_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"longcat"
	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/internal/singlepass"
	"longcat/merge"
)

// streamed is a hub with a base model in two shards, and what was fetched of its
// weights.
type streamed struct {
	*testing.T
	url     string
	fetched atomic.Int64           // bytes of safetensors that were served
	damage  atomic.Bool            // flip a byte of them
	commit  atomic.Pointer[func()] // is called before a commit to the target, once
}

var target = hub.Repo{ID: "me/streamed"}

const streamedRecipe = `
merge_method: passthrough
slices:
  - sources: [{model: me/base, layer_range: [0, 4]}]
  - sources: [{model: me/twin, layer_range: [2, 6]}]
`

func newStreamed(t *testing.T) *streamed {
	s := &streamed{T: t}
	store, err := localhub.Open(filepath.Join(t.TempDir(), "hub"), localhub.Options{
		Tokens: []localhub.Token{{Secret: "hf_example", User: "me", Role: localhub.Write}},
		// so small that every file of the tiny model counts as large
		LFSThreshold: 4 << 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path+r.URL.RawQuery, ".safetensors") {
			w = &counting{ResponseWriter: w, s: s}
		}
		if strings.HasPrefix(r.URL.Path, "/api/models/"+target.ID+"/commit/") {
			if f := s.commit.Swap(nil); f != nil {
				(*f)()
			}
		}
		store.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		store.Close()
	})
	s.url = server.URL
	base := t.TempDir()
	for _, name := range []string{"config.json", "model.safetensors", "generation_config.json"} {
		b, err := os.ReadFile(filepath.Join("merge/testdata/golden/models/llama-a", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(base, name), b, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	s.upload(hub.Repo{ID: "me/base"}, "", base)
	s.upload(hub.Repo{ID: "me/twin"}, "", base)
	return s
}

func (s *streamed) upload(repo hub.Repo, branch, dir string) {
	s.Helper()
	folder, err := hub.OpenFolder(dir, "", hub.Selection{})
	if err != nil {
		s.Fatal(err)
	}
	defer folder.Close()
	c := s.client()
	if _, err := c.CreateRepo(s.Context(), repo, ""); err != nil {
		s.Fatal(err)
	}
	if _, err := c.Upload(s.Context(), hub.Upload{Repo: repo, Revision: branch, Files: folder.Files, Message: "m"}); err != nil {
		s.Fatal(err)
	}
}

// client is one of another machine each time: its cache is empty.
func (s *streamed) client() *hub.Client {
	s.Helper()
	c, err := hub.New(hub.Config{Endpoint: s.url, Token: "hf_example", CacheDir: filepath.Join(s.TempDir(), "cache"), NoXet: true})
	if err != nil {
		s.Fatal(err)
	}
	return c
}

func (s *streamed) open(ctx context.Context) *longcat.Job {
	s.Helper()
	job, err := longcat.Open(ctx, longcat.Options{Hub: s.client(), Recipe: []byte(streamedRecipe), Merge: merge.Options{Layout: merge.Forward, ShardSize: 40_000}})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { job.Close() })
	return job
}

// counting counts a body's bytes, and may damage it.
type counting struct {
	http.ResponseWriter
	s *streamed
}

func (c *counting) Write(p []byte) (int, error) {
	if c.s.damage.Load() && len(p) > 1000 {
		p = append([]byte{}, p...)
		p[len(p)-1]++
	}
	n, err := c.ResponseWriter.Write(p)
	c.s.fetched.Add(int64(n))
	return n, err
}

func (s *streamed) commits(branch string) (n int) {
	s.Helper()
	for _, err := range s.client().Commits(s.Context(), target, branch) {
		if err != nil {
			s.Fatal(err)
		}
		n++
	}
	return n
}

// TestNoDiskShares publishes in shares from several machines: one commit, no
// branch left, and what the recipe makes.
func TestNoDiskShares(t *testing.T) {
	t.Parallel()
	s := newStreamed(t)
	for task := 1; task <= 2; task++ {
		for range 2 { // each runs twice: the second time there is nothing to do
			if _, err := s.open(t.Context()).Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true, Task: task, Tasks: 2}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := s.commits("main"); n != 2 {
		t.Errorf("%d commits on main, want the first one and the publish", n)
	}
	branches, _, err := s.client().Refs(t.Context(), target)
	if err != nil || len(branches) != 1 {
		t.Errorf("branches %v, %v", branches, err)
	}
	v, err := longcat.Verify(t.Context(), target.ID, "", longcat.Options{Hub: s.client()})
	if err != nil || !v.Verified || !v.Locked {
		t.Errorf("verification %+v, %v", v, err)
	}
}

// TestNoDiskTampered has somebody replace a staged file: nobody publishes it.
func TestNoDiskTampered(t *testing.T) {
	t.Parallel()
	s := newStreamed(t)
	job := s.open(t.Context())
	if _, err := job.Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true, Task: 1, Tasks: 2}); err != nil {
		t.Fatal(err)
	}
	staging, err := job.Staging(t.Context(), target)
	if err != nil || len(staging.Done) == 0 || len(staging.Missing) == 0 {
		t.Fatalf("staged %+v, %v", staging, err)
	}
	other := t.TempDir()
	path := filepath.Join(other, staging.Done[0].Path)
	if err := os.WriteFile(path, make([]byte, staging.Done[0].Size), 0o644); err != nil {
		t.Fatal(err)
	}
	s.upload(target, staging.Branch, other)
	var tampered *longcat.StagingError
	if _, err := s.open(t.Context()).Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true, Task: 2, Tasks: 2}); !errors.As(err, &tampered) {
		t.Errorf("a staged file that was replaced gives %v", err)
	}
	if n := s.commits("main"); n != 1 {
		t.Errorf("%d commits on main", n)
	}
	if _, err := job.Abort(t.Context(), target); err != nil {
		t.Error(err)
	}
	if _, err := job.Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true}); err != nil {
		t.Errorf("after the branch was removed: %v", err)
	}
}

// TestNoDiskDamaged flips bytes of the source on their way: nothing that was
// made from it is committed, and the next run is right.
func TestNoDiskDamaged(t *testing.T) {
	t.Parallel()
	s := newStreamed(t)
	job := s.open(t.Context())
	s.damage.Store(true)
	_, err := job.Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true})
	var wrong *singlepass.HashError
	if !errors.As(err, &wrong) {
		t.Fatalf("a damaged source gives %v", err)
	}
	if n := s.commits("main"); n != 1 {
		t.Errorf("%d commits on main", n)
	}
	s.damage.Store(false)
	if _, err := s.open(t.Context()).Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true}); err != nil {
		t.Fatal(err)
	}
}

// TestPublishMovedTarget has somebody add weights to the target right before the
// commit: the result is not mixed with them, on disk or without.
func TestPublishMovedTarget(t *testing.T) {
	t.Parallel()
	for _, noDisk := range []bool{false, true} {
		s := newStreamed(t)
		job := s.open(t.Context())
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "other.safetensors"), make([]byte, 100), 0o644); err != nil {
			t.Fatal(err)
		}
		other := func() { s.upload(target, "", dir) }
		s.commit.Store(&other)
		_, err := job.Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: noDisk})
		if !errors.Is(err, hub.ErrConflict) {
			t.Errorf("without a disk %v: got %v", noDisk, err)
		}
		if n := s.commits("main"); n != 2 {
			t.Errorf("without a disk %v: %d commits on main, want the first one and the other's", noDisk, n)
		}
	}
}

// TestNoDiskLeftover has a run killed between its commit and the removal of its
// staging branch: the next run removes the branch and commits nothing.
func TestNoDiskLeftover(t *testing.T) {
	t.Parallel()
	s := newStreamed(t)
	publish := func() {
		t.Helper()
		if _, err := s.open(t.Context()).Publish(t.Context(), longcat.PublishOptions{Repo: target, NoDisk: true, Task: 1, Tasks: 1}); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	staging, err := s.open(t.Context()).Staging(t.Context(), target)
	if err != nil || staging.Exists {
		t.Fatalf("staged %+v, %v", staging, err)
	}
	if err := s.client().CreateBranch(t.Context(), target, staging.Branch, ""); err != nil {
		t.Fatal(err)
	}
	publish()
	branches, _, err := s.client().Refs(t.Context(), target)
	if err != nil || len(branches) != 1 || s.commits("main") != 2 {
		t.Errorf("branches %v, %v; %d commits", branches, err, s.commits("main"))
	}
}
