package hub_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"longcat/hub"
	"longcat/hub/cache"
)

// Other servers than the Hub, each with one habit of its own; from all of them
// the same files arrive.
func TestLookAlikes(t *testing.T) {
	content := files{
		"config.json": []byte("{}"), "sub/empty.txt": {}, "sub/deep/er/small.bin": blob(90_000, 1), weights: blob(5_000_000, 2),
	}
	commit64 := strings.Repeat("d", 64)
	for name, f := range map[string]*fake{
		"plain":                              {},
		"linked etag without quotes":         {linked: true, redirect: "/"},
		"no linked etag behind a redirect":   {redirect: "/"},
		"64 digits, sha256 etags":            {commit: commit64, etag: func(b []byte) string { return `"` + sha(b) + `"` }},
		"64 digits, blob id etags":           {commit: commit64, etag: func(b []byte) string { return `"` + blob256(b) + `"` }},
		"tree without lfs":                   {noTreeLFS: true},
		"md5 etags":                          {etag: md5Etag},
		"weak etags":                         {etag: func(b []byte) string { return "W/" + md5Etag(b) }},
		"etags without quotes":               {etag: func(b []byte) string { return strings.Trim(md5Etag(b), `"`) }},
		"HEAD is 405":                        {headStatus: 405},
		"HEAD is 404":                        {headStatus: 404},
		"redirect answers GET only, 403":     {redirect: "/", headStatus: 403, linked: false},
		"redirect answers GET only, 404":     {redirect: "/", headStatus: 404, linked: true, codes: true},
		"HEAD without a length":              {headNoLength: true},
		"ranges ignored":                     {ignoreRange: true},
		"ranges ignored behind GET only":     {ignoreRange: true, headStatus: 501, redirect: "/"},
		"pages with an absolute path":        {pageSize: 1, nextPage: `</api/models/ann/model/tree/` + strings.Repeat("c", 40) + `?at=%d>; rel="next"`},
		"pages with a query alone":           {pageSize: 2, nextPage: `<?at=%d>; rel=next`},
		"pages with further link parameters": {pageSize: 1, nextPage: `<?at=%d>; title="more, much more"; rel="next"`},
		"pages that a mirror passes on":      {pageSize: 2, nextPage: `<https://huggingface.co/api/models/ann/model/tree/` + strings.Repeat("c", 40) + `?at=%d>; rel="next"`},
		"one folder at a time":               {flatTree: true},
		"one folder, relative paths":         {flatTree: true, relativeTree: true, pageSize: 1, nextPage: `<?at=%d>; rel=next`},
		"sha256 with its name":               {oidPrefix: "sha256:"},
		"a token for public repos":           {needToken: true},
		"429 without Retry-After":            {limitFirst: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f.files = content
			c := newClient(t, f.start(t))
			snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
			if err != nil {
				t.Fatal(err)
			}
			if len(snap.Files) != len(content) || snap.Commit != f.commit {
				t.Errorf("snapshot %+v", snap)
			}
			for p, b := range content {
				wantFile(t, snap.Files[p], b)
			}
			r, closer, err := newClient(t, c.Endpoint()).Open(t.Context(), repo, f.commit, weights)
			if err != nil {
				t.Fatal(err)
			}
			defer closer.Close()
			got := make([]byte, 1000)
			if _, err := r.ReadAt(got, 3_000_000); err != nil || string(got) != string(content[weights][3_000_000:3_001_000]) {
				t.Errorf("a range of the remote file differs, %v", err)
			}
			_, err = c.Resolve(t.Context(), repo, f.commit, "nope")
			if !errors.Is(err, hub.ErrEntryNotFound) {
				t.Errorf("a file that is not there: %v", err)
			}
		})
	}
}

// Behind a redirect to another host an etag of 64 digits may be anything, such
// as a Xet hash; without a linked etag it is no sha256 to check.
func TestForeignEtagIsNoHash(t *testing.T) {
	content := files{weights: blob(3_000_000, 1)}
	cdn := &fake{files: content, etag: func(b []byte) string { return `"` + sha([]byte("xet")) + `"` }}
	f := &fake{files: content, redirect: cdn.start(t)}
	c := newClient(t, f.start(t))
	snap, err := c.Download(t.Context(), onlyWeights)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content[weights])
}

// Where no hash can judge the content, another etag halfway must.
func TestChangeWithoutAHash(t *testing.T) {
	t.Parallel()
	f := &fake{files: files{weights: blob(9_000_000, 1)}, etag: md5Etag}
	f.start(t)
	var ranges, refuse atomic.Int64
	changed := blob(9_000_000, 2)
	srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			switch n := ranges.Add(1); {
			case n == 4:
				f.set(files{weights: changed})
			case refuse.Load() > 0 && n > refuse.Load():
				w.WriteHeader(http.StatusGone)
				return
			}
		}
		f.ServeHTTP(w, r)
	}))
	snap, err := newClient(t, srv).Download(t.Context(), onlyWeights)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], changed)

	// A part that an earlier process left belongs to its etag alone.
	f.set(files{weights: blob(9_000_000, 3)})
	o := onlyWeights
	o.LocalDir = t.TempDir()
	refuse.Store(ranges.Load() + 2)
	if _, err := newClient(t, srv).Download(t.Context(), o); err == nil {
		t.Fatal("the download was not interrupted")
	}
	refuse.Store(0)
	f.set(files{weights: changed})
	if _, err := newClient(t, srv).Download(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(o.LocalDir, weights), changed)
}

// An etag that is no plain word can not name a file in the cache.
func TestEtagsThatCanNotBeNames(t *testing.T) {
	for _, etag := range []string{`"../../x"`, `"a/b"`, `".."`, `""`, `"` + strings.Repeat("a", 200) + `"`, `"a b"`} {
		f := &fake{files: files{"a.txt": []byte("a")}, etag: func([]byte) string { return etag }}
		c := newClient(t, f.start(t))
		if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err == nil || !strings.Contains(err.Error(), "etag") {
			t.Errorf("etag %s: %v", etag, err)
		}
		if _, err := os.Stat(c.CacheDir()); err == nil {
			t.Errorf("etag %s: something was written", etag)
		}
	}
}

// A wrong hash of a kind that can be checked is noticed on these servers, too.
func TestLookAlikesAreChecked(t *testing.T) {
	for name, f := range map[string]*fake{
		"sha256":  {etag: func(b []byte) string { return `"` + sha([]byte("other")) + `"` }},
		"blob id": {etag: func(b []byte) string { return `"` + etagOf(t, []byte("other")) + `"` }},
		"either":  {commit: strings.Repeat("d", 64), etag: func(b []byte) string { return `"` + blob256([]byte("other")) + `"` }},
	} {
		for _, size := range []int{10, 3_000_000} {
			f.set(files{weights: blob(size, 1)})
			c := newClient(t, f.start(t))
			if _, err := c.Download(t.Context(), onlyWeights); !errors.As(err, new(*cache.HashError)) {
				t.Errorf("%s, %d bytes: %v", name, size, err)
			}
			wantNoFile(t, c.CacheDir())
		}
	}
}

// A server that has files and no API gives those that are named.
func TestFilesOnly(t *testing.T) {
	t.Parallel()
	f := &fake{files: files{weights: blob(90_000, 1)}, filesOnly: true, linked: true}
	c := newClient(t, f.start(t))
	snap, err := c.Download(t.Context(), onlyWeights)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], f.files[weights])
	if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); !errors.Is(err, hub.ErrNotFound) {
		t.Errorf("the whole repo: %v", err)
	}
}

// The sha256 of a large file is in the listing, or else in its own headers.
func TestLargeHash(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fake{"listed": {}, "in the headers": {noTreeLFS: true, linked: true}, "nowhere": {noTreeLFS: true, etag: md5Etag}} {
		f.files = files{weights: blob(90_000, 1)}
		c := newClient(t, f.start(t))
		for e, err := range c.Tree(t.Context(), repo, f.commit) {
			if err != nil {
				t.Fatal(err)
			}
			want := sha(f.files[weights])
			if name == "nowhere" {
				want = ""
			}
			if got, err := c.LargeHash(t.Context(), repo, f.commit, e); got != want || err != nil {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}

// A server that lists folders of which it gives no listing, or the same listing
// for all, is believed once.
func TestTreeOfOddServers(t *testing.T) {
	t.Parallel()
	const root = `[{"type": "directory", "path": "a"}, {"type": "file", "path": "x.txt", "size": 1, "oid": "o"}]`
	for name, below := range map[string]string{"the same for all": root, "nothing": ""} {
		asked := 0
		srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			switch {
			case strings.HasSuffix(r.URL.Path, "/tree/main"):
				_, _ = w.Write([]byte(root))
			case below != "":
				_, _ = w.Write([]byte(below))
			default:
				w.WriteHeader(http.StatusNotFound)
			}
		}))
		var paths []string
		for e, err := range newClient(t, srv).Tree(t.Context(), repo, "") {
			if err != nil {
				t.Fatal(name, err)
			}
			paths = append(paths, e.Path)
		}
		if len(paths) != 1 || paths[0] != "x.txt" || asked != 2 {
			t.Errorf("%s: %v after %d requests", name, paths, asked)
		}
	}
}
