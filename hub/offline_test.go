package hub_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
)

// like makes a client with another one's cache.
func like(c *hub.Client) func(*hub.Config) {
	return func(cfg *hub.Config) { cfg.CacheDir = c.CacheDir() }
}

func offline(c *hub.Config) { c.Offline = true }

// The listing of a commit is kept in the form of the Python tools.
func TestTreeFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	large, small := blob(100_000, 1), []byte("{}")
	commit := w.seed(files{weights: large, "config.json": small})
	c := w.client()
	if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(c.CacheDir(), "models--ann--model", "trees", commit+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int `json:"format_version"`
		Files   map[string]map[string]any
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	l, s := got.Files[weights], got.Files["config.json"]
	if got.Version != 1 || l["lfs_sha256"] != sha(large) || l["lfs_size"] != 100_000.0 || len(l["blob_id"].(string)) != 40 || s["blob_id"] != etagOf(t, small) || s["size"] != 2.0 || s["lfs_sha256"] != nil {
		t.Errorf("%s", b)
	}
}

// Offline a snapshot that is known to lack files is no whole one.
func TestOfflineWithFilesMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{weights: blob(100_000, 1), "config.json": []byte("{}")})
	for name, dir := range map[string]string{"cache": "", "directory": t.TempDir()} {
		t.Run(name, func(t *testing.T) {
			c := w.client()
			o := hub.DownloadOptions{Repo: repo, LocalDir: dir, Selection: hub.Selection{Include: []string{"*.json"}}}
			if _, err := c.Download(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			away := w.client(like(c), offline)
			if _, err := away.Download(t.Context(), o); err != nil {
				t.Error(err)
			}
			o.Include = nil
			_, err := away.Download(t.Context(), o)
			var missing *hub.MissingError
			if !errors.As(err, &missing) || !errors.Is(err, hub.ErrOffline) || !errors.Is(err, fs.ErrNotExist) || !slices.Equal(missing.Files, []string{".gitattributes", weights}) {
				t.Fatalf("got %v", err)
			}
			if _, err := c.Download(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			snap, err := away.Download(t.Context(), o)
			if err != nil || len(snap.Files) != 3 {
				t.Errorf("%v, %v", snap, err)
			}
		})
	}
}

// Where nobody kept the listing, that is told.
func TestOfflineWithoutAListing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{weights: blob(100_000, 1), "config.json": []byte("{}")})
	c := w.client()
	o := hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{"config.json"}}}
	if _, err := c.Download(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	var told []string
	o.Files = nil
	snap, err := w.client(like(c), offline, notes(&told)).Download(t.Context(), o)
	if err != nil || len(snap.Files) != 1 || len(told) != 1 || !strings.Contains(told[0], "not known") {
		t.Errorf("%v, %v, told %q", snap, err, told)
	}
}

// While the hub does not answer the cache does: a commit's files without a
// question, a branch's with a warning, and nothing that may be out of date where
// the hub has an answer.
func TestHubThatIsDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{weights: blob(100_000, 1), "config.json": []byte("{}")})
	c := w.client()
	want, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	refusing := func(cfg *hub.Config) { cfg.Endpoint = "http://127.0.0.1:1" }
	breaking := func(cfg *hub.Config) { cfg.Endpoint = brokenHub(t, http.StatusBadGateway) }
	for name, down := range map[string]func(*hub.Config){"refused": refusing, "bad gateway": breaking} {
		for rev, warnings := range map[string]int{"main": 1, want.Commit: 0} {
			var told []string
			began := time.Now()
			lonely := w.client(like(c), down, notes(&told))
			lonely.SetPatience(100 * time.Millisecond)
			got, err := lonely.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: rev})
			if err != nil || got.Dir != want.Dir || len(got.Files) != 3 {
				t.Errorf("%s, %s: %v, %v", name, rev, got, err)
			}
			if len(told) != warnings || warnings > 0 && !strings.Contains(told[0], "HF_HUB_OFFLINE") {
				t.Errorf("%s, %s: told %q", name, rev, told)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s, %s: after %v", name, rev, took)
			}
		}
	}
	for status, rev := range map[int]string{http.StatusNotFound: "main", http.StatusForbidden: "main"} {
		denied := func(cfg *hub.Config) { cfg.Endpoint = brokenHub(t, status) }
		if got, err := w.client(like(c), denied).Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: rev}); err == nil {
			t.Errorf("the hub answered %d, and the cache gave %v", status, got)
		}
	}
}

// brokenHub answers everything with one status.
func brokenHub(t *testing.T, status int) string {
	t.Helper()
	w := newWorld(t)
	w.faults.Add(localhub.Fault{Path: "/", Status: status})
	return w.url
}

// A name that no file may be given spoils a download that asks for it, and no
// other.
func TestOddNames(t *testing.T) {
	t.Parallel()
	const tree = `[{"type": "file", "path": "onnx\\model.txt", "size": 8, "oid": "0187f3b09d66cef7911083ad49f890f5a6589589"},
		{"type": "file", "path": "empty.json", "size": 0, "oid": "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"}]`
	c := hostile(t, tree, func(rw http.ResponseWriter, _ *http.Request) { rw.Header().Set("Content-Length", "0") })
	o := hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Include: []string{"*.json"}}}
	if snap, err := c.Download(t.Context(), o); err != nil || len(snap.Files) != 1 {
		t.Errorf("%v, %v", snap, err)
	}
	o.Include = nil
	plan, err := c.PlanDownload(t.Context(), o)
	if err != nil || len(plan.Files) != 1 {
		t.Errorf("%v, %v", plan, err)
	}
	if _, err := c.Download(t.Context(), o); err == nil || !strings.Contains(err.Error(), `onnx\\model.txt`) {
		t.Errorf("got %v", err)
	}
}

func TestNamesThatWindowsCanNotHold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		goos  string
		paths []string
		ok    bool
	}{
		{"windows", []string{"a/config.json", "a/Config2.json", "model.safetensors", "console.txt", "com10", ".gitattributes"}, true},
		{"windows", []string{"CON"}, false},
		{"windows", []string{"a/aux.txt"}, false},
		{"windows", []string{"lpt1/x"}, false},
		{"windows", []string{"a./b"}, false},
		{"windows", []string{"a "}, false},
		{"windows", []string{"x:y"}, false},
		{"windows", []string{"a/B", "A/c"}, false},
		{"windows", []string{"readme.md", "README.md"}, false},
		{"darwin", []string{"readme.md", "README.md"}, false},
		{"darwin", []string{"x:y", "CON", "a."}, true},
		{"linux", []string{"readme.md", "README.md", "CON", "x:y"}, true},
	} {
		err := hub.Storable(c.goos, c.paths...)
		if (err == nil) != c.ok || err != nil && !errors.As(err, new(*hub.NameError)) {
			t.Errorf("%s, %q: %v", c.goos, c.paths, err)
		}
	}
}

// A directory that is brought to another revision: files that are gone are
// named, what is in the way is an error before anything is fetched.
func TestDirectoryOfAnotherRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"config.json": []byte("{}"), "data": []byte("one"), "old.bin": []byte("1")})
	var told []string
	c := w.client(notes(&told))
	o := hub.DownloadOptions{Repo: repo, LocalDir: t.TempDir()}
	if _, err := c.Download(t.Context(), o); err != nil || len(told) != 0 {
		t.Fatal(err, told)
	}
	up := hub.Upload{Repo: repo, Files: files{"data/train.txt": []byte("two")}.upload(), Delete: []string{"old.bin", "data"}, Message: "other"}
	if _, err := c.Upload(t.Context(), up); err != nil {
		t.Fatal(err)
	}
	_, err := c.Download(t.Context(), o)
	var obstacle *hub.ObstacleError
	if !errors.As(err, &obstacle) || obstacle.Path != "data/train.txt" || filepath.Base(obstacle.Obstacle) != "data" {
		t.Fatalf("got %v", err)
	}
	if err := os.Remove(filepath.Join(o.LocalDir, "data")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Download(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "old.bin") || strings.Contains(told[0], "config.json") {
		t.Errorf("told %q", told)
	}
}
