package localhub_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
)

func TestResolveSmallFile(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a/ü b%2F.txt", "0123456789")), 200)
	head := w.head("", "ann/model", "main")
	const file, etag = "/a/%C3%BC%20b%252F.txt", `"ad471007bd7f5983d273b9584e5629230150fd54"` // git hash-object

	for _, method := range []string{"GET", "HEAD"} {
		a := w.want(w.do("", method, "/ann/model/resolve/main"+file, nil), 307)
		location := a.Header.Get("Location")
		if !strings.HasPrefix(location, "/api/resolve-cache/models/ann/model/"+head+file+"?") || a.Header.Get(wire.HeaderRepoCommit) != head ||
			a.Header.Get(wire.HeaderLinkedEtag) != etag {
			t.Fatalf("%s: headers %v", method, a.Header)
		}
		for _, address := range []string{location, "/ann/model/resolve/" + head + file} {
			a = w.want(w.do("", method, address, nil), 200)
			if a.Header.Get(wire.HeaderRepoCommit) != head || a.ContentLength != 10 || a.Header.Get("Accept-Ranges") != "bytes" {
				t.Errorf("%s %s: headers %v", method, address, a.Header)
			}
		}
	}
	a := w.do("", "GET", "/ann/model/resolve/"+head+file, nil, "Range", "bytes=2-4")
	if w.want(a, 206); string(a.body) != "234" || a.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("range: %q %v", a.body, a.Header)
	}
	if a.Header.Get("ETag") != etag {
		t.Errorf("ETag %s, want %s", a.Header.Get("ETag"), etag)
	}
	w.want(w.do("", "GET", "/ann/model/resolve/"+head+file, nil, "If-None-Match", etag), 304)
	a = w.do("", "GET", "/ann/model/resolve/"+head+file, nil, "Range", "bytes=2-4", "If-Range", `"other"`)
	w.want(a, 200)
	w.want(w.do("", "GET", "/ann/model/resolve/"+head+file, nil, "Range", "bytes=10-"), 416)
	if a = w.do("", "GET", "/ann/model/raw/main"+file, nil); string(w.want(a, 200).body) != "0123456789" || a.Header.Get("ETag") != etag {
		t.Errorf("raw: %q %v", a.body, a.Header)
	}
	if a.Header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(a.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("an uploaded page could run in the Hub's name: %v", a.Header)
	}
}

func TestResolveLargeFile(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "private")
	content := blob(100_000, 1)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	head := w.head("ann", "ann/model", "main")
	var location string
	for _, rev := range []string{"main", head} {
		for _, method := range []string{"HEAD", "GET"} {
			a := w.want(w.do("ann", method, "/ann/model/resolve/"+rev+"/m.bin", nil), 302)
			if a.Header.Get(wire.HeaderRepoCommit) != head || a.Header.Get(wire.HeaderLinkedEtag) != `"`+sha(content)+`"` || a.Header.Get(wire.HeaderLinkedSize) != "100000" {
				t.Errorf("headers %v", a.Header)
			}
			location = a.Header.Get("Location")
		}
	}
	if !strings.HasPrefix(location, w.cdn+"/") {
		t.Fatalf("redirected to %s, not to the CDN at %s", location, w.cdn)
	}
	a := w.want(w.do("", "GET", location, nil, "Range", "bytes=99990-"), 206)
	if !bytes.Equal(a.body, content[99990:]) || a.Header.Get("Content-Range") != "bytes 99990-99999/100000" {
		t.Errorf("range: %v", a.Header)
	}
	if etag := a.Header.Get("ETag"); etag == "" || strings.Contains(etag, sha(content)) {
		t.Errorf("the CDN's ETag is %s", etag)
	}
	a = w.want(w.do("", "GET", location, nil, "Range", "bytes=0-9", "If-Range", a.Header.Get("ETag")), 206)
	w.want(w.do("", "GET", location, nil, "Range", "bytes=100000-"), 416)

	pointer := w.want(w.do("ann", "GET", "/ann/model/raw/main/m.bin", nil), 200)
	if string(pointer.body) != wire.LFSPointer(sha(content), 100_000) {
		t.Errorf("raw is %q", pointer.body)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("Expires", "99999999999")
	w.want(w.do("", "GET", w.cdn+u.Path+"?"+q.Encode(), nil), 403)
	w.want(w.do("", "GET", strings.Replace(location, sha(content), sha(nil), 1), nil), 403)
	w.want(w.do("", "GET", w.cdn+u.Path, nil), 403)
	w.clock.advance(time.Hour - time.Second)
	w.want(w.do("", "HEAD", location, nil), 200)
	w.clock.advance(time.Second)
	w.want(w.do("", "GET", location, nil), 403)
}

func TestPathsDoNotLeaveTheRepo(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	for _, path := range []string{
		"/ann/model/resolve/main/../../../../etc/passwd",
		"/ann/model/resolve/main/..%2f..%2f..%2frepo.json",
		"/ann/model/resolve/main/%2e%2e/%2e%2e/repo.json",
		"/ann/model/resolve/main/%00",
		"/ann/model/resolve/..%2F..%2Frepo.json/x",
		"/ann/model/resolve/refs%2Fheads%2F..%2F..%2Frepo.json/x",
		"/ann/model/raw/main//etc/passwd",
		"/..%2f..%2fetc/passwd/resolve/main/x",
		"/api/models/ann/model/tree/main/..%2f..",
		"/api/models/../../key",
		"/api/models/ann/model/revision/..%2f..%2fkey",
		"/-/cdn/..%2f..%2fkey",
		"/-/cdn/", "/-/", "/-", "/", "//", "/api", "/api/", "/api/models/", "/api/nonsense/ann/model",
		"/datasets", "/ann/model/resolve", "/ann/model/resolve/main", "/ann/model/resolve/main/", "/ann/model/nonsense/main",
		"/api/resolve-cache/models", "/api/resolve-cache/models/ann/model", "/api/resolve-cache/x/y/z/a/b",
	} {
		a := w.do("", "GET", path, nil)
		if a.StatusCode < 400 || a.StatusCode > 404 {
			t.Errorf("%s: status %d: %s", path, a.StatusCode, a.body)
		}
	}
	for _, name := range []string{"../x", "a/b/c", ".x", "x.git", "a--b", "-", ""} {
		if a := w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: name, Organization: "ann"}); a.StatusCode != 400 {
			t.Errorf("repo name %q: status %d: %s", name, a.StatusCode, a.body)
		}
	}
	for _, name := range []string{"..%2F..%2Frepo.json", "a..b", ".a", "a.lock", "a%20b", "a%3Ab", "%00", "refs%2Fheads%2Fx"} {
		if a := w.do("ann", "POST", "/api/models/ann/model/branch/"+name, map[string]string{}); a.StatusCode != 400 {
			t.Errorf("branch %q: status %d: %s", name, a.StatusCode, a.body)
		}
	}
}
