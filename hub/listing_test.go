package hub_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/hub/localhub"
)

// between is a server before the hub that changes its answers.
func between(t *testing.T, hubURL string, change func(*http.Response)) string {
	t.Helper()
	u, err := url.Parse(hubURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ModifyResponse = func(resp *http.Response) error {
		change(resp)
		return nil
	}
	return newServer(t, proxy)
}

func setBody(resp *http.Response, b []byte) {
	resp.Body.Close()
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
	resp.Header.Set("Content-Length", fmt.Sprint(len(b)))
}

func isFile(resp *http.Response) bool { return strings.Contains(resp.Request.URL.Path, "/resolve/") }

// A store between the hub and us gives etags of its own, and none of the hub's
// headers. What the listing says of a file's content decides.
func TestStoreWithEtagsOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := files{"config.json": []byte("{}"), "m.bin": blob(100_000, 1), "large.bin": blob(5_000_000, 2)}
	w.seed(content)
	store := newServer(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, name, found := strings.Cut(r.URL.Path, "/resolve/")
		_, name, _ = strings.Cut(name, "/")
		if _, ours := content[name]; !found || !ours {
			w.serve.ServeHTTP(rw, r)
			return
		}
		rw.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha1.Sum(content[name])))
		http.ServeContent(rw, r, "", noTime, bytes.NewReader(content[name]))
	}))
	for name, o := range map[string]hub.DownloadOptions{
		"all": {Repo: repo}, "by name": {Repo: repo, Selection: hub.Selection{Files: []string{"config.json", "m.bin", "large.bin"}}},
	} {
		snap, err := newClient(t, store).Download(t.Context(), o)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for path, b := range content {
			wantFile(t, snap.Files[path], b)
		}
	}
}

// A page in place of a file, whatever its etag and status, is never kept.
func TestPageInPlaceOfAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"config.json": []byte("{}"), "m.bin": blob(100_000, 1), "large.bin": blob(5_000_000, 2)})
	for _, kind := range []string{"text/html; charset=utf-8", "application/octet-stream"} {
		portal := between(t, w.url, func(resp *http.Response) {
			if !isFile(resp) {
				return
			}
			resp.StatusCode, resp.Header = http.StatusOK, http.Header{"Content-Type": {kind}, "Etag": {`"abc"`}, "X-Repo-Commit": {strings.Repeat("0", 40)}}
			setBody(resp, []byte("<html>log in</html>"))
		})
		for _, name := range []string{"config.json", "m.bin", "large.bin"} {
			c := newClient(t, portal)
			_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{name}}})
			if err == nil || strings.HasPrefix(kind, "text/html") && !errors.As(err, new(*hub.PageError)) {
				t.Errorf("%s as %s: %v", name, kind, err)
			}
			wantNoFile(t, c.CacheDir())
		}
	}
}

// Answers that are compressed unasked are unpacked; a compressed range is refused.
func TestCompressedAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := files{"config.json": bytes.Repeat([]byte("{} "), 1000), "m.bin": blob(100_000, 1)}
	w.seed(content)
	mirror := between(t, w.url, func(resp *http.Response) {
		if resp.StatusCode != http.StatusOK || resp.Request.Method == http.MethodHead {
			return
		}
		b, _ := io.ReadAll(resp.Body)
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(b)
		_ = z.Close()
		setBody(resp, packed.Bytes())
		resp.Header.Set("Content-Encoding", "gzip")
	})
	snap, err := newClient(t, mirror).Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range content {
		wantFile(t, snap.Files[path], b)
	}
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Header: http.Header{"Content-Encoding": {"gzip"}}})
	large := w.client()
	if _, err := large.Upload(t.Context(), hub.Upload{Repo: repo, Files: files{weights: blob(5_000_000, 1)}.upload(), Message: "m"}); err != nil {
		t.Fatal(err)
	}
	if _, err := large.Download(t.Context(), onlyWeights); err == nil || !strings.Contains(err.Error(), "gzip") {
		t.Errorf("got %v", err)
	}
}

// A file that comes with wrong bytes once is fetched again; one that comes so
// each time is no file.
func TestWrongBytesAreFetchedAgain(t *testing.T) {
	t.Parallel()
	content := files{"config.json": []byte(`{"a": 1}`), "large.bin": blob(5_000_000, 2)}
	for name, times := range map[string]int{"once": 1, "twice": 2, "always": 0} {
		w := newWorld(t)
		w.seed(content)
		for path := range content {
			part := "/resolve/"
			if path == "large.bin" {
				part = "/-/cdn/"
			}
			w.faults.Clear()
			w.faults.Add(localhub.Fault{Method: http.MethodGet, Path: part, Corrupt: true, Wrong: 1, After: 3, Times: times})
			c := w.client()
			snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{path}}})
			if times == 0 {
				if !errors.As(err, new(*cache.HashError)) {
					t.Errorf("%s, %s: %v", name, path, err)
				}
				wantNoFile(t, c.CacheDir())
				continue
			}
			if err != nil {
				t.Errorf("%s, %s: %v", name, path, err)
				continue
			}
			wantFile(t, snap.Files[path], content[path])
		}
	}
}

// Many small files take one request each, beside the listing.
func TestRequestsOfManySmallFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := files{}
	for i := range 200 {
		content[fmt.Sprintf("f%d.json", i)] = fmt.Appendf(nil, "%d", i)
	}
	w.seed(content)
	c := w.client()
	snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range content {
		wantFile(t, snap.Files[path], b)
	}
	if n := len(w.requests(func(localhub.Request) bool { return true })); n > 205 {
		t.Errorf("%d requests for 200 files", n)
	}
	w.forget()
	names := []string{"f1.json", "f2.json", "f3.json"}
	if _, err := w.client().Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: snap.Commit, Selection: hub.Selection{Files: names}}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.requests(func(localhub.Request) bool { return true })); n > 4 {
		t.Errorf("%d requests for 3 files of a commit", n)
	}
}
