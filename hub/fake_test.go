package hub_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"longcat/hub/internal/wire"
)

// fake is a small Hub look-alike: one model, read only, with the habits that
// such servers have been seen to have.
type fake struct {
	files files

	commit       string              // 40 digits when empty
	etag         func([]byte) string // quotes included; the Hub's own kind when nil
	linked       bool                // X-Linked-Etag of large files, without quotes
	redirect     string              // host that content is redirected to; "/" is this one
	headStatus   int                 // what HEAD of content is answered
	headNoLength bool                // HEAD tells no length
	ignoreRange  bool
	filesOnly    bool // content by its address, and nothing else
	noTreeLFS    bool
	flatTree     bool   // one folder at a time, whatever is asked
	relativeTree bool   // paths count from the folder that was asked for
	oidPrefix    string // before the sha256 of large files
	pageSize     int    // entries a page of the tree
	nextPage     string // format of the link, with the number of the next entry
	needToken    bool
	limitFirst   bool // the first request of all is answered 429
	codes        bool // X-Error-Code

	mu    sync.Mutex // guards files and asked
	asked int
}

// set replaces the repo's files while it is served.
func (f *fake) set(now files) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files = now
}

// now are the repo's files, and how many requests came so far.
func (f *fake) now() (files, int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	return f.files, f.asked
}

func md5Etag(b []byte) string { return fmt.Sprintf(`"%x"`, md5.Sum(b)) }

// blob256 is a blob's id where git counts in sha256.
func blob256(b []byte) string {
	sum := sha256.Sum256(append(fmt.Appendf(nil, "blob %d\x00", len(b)), b...))
	return hex.EncodeToString(sum[:])
}

func (f *fake) start(t *testing.T) string {
	t.Helper()
	if f.commit == "" {
		f.commit = strings.Repeat("c", 40)
	}
	if f.etag == nil {
		f.etag = func(b []byte) string { return `"` + etagOf(t, b) + `"` }
	}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now, asked := f.now()
	p, found := strings.CutPrefix(r.URL.Path, "/content/")
	file, resolves := strings.CutPrefix(strings.Replace(r.URL.Path, "/main/", "/"+f.commit+"/", 1), "/ann/model/resolve/"+f.commit+"/")
	dir, listed := strings.CutPrefix(r.URL.Path, "/api/models/ann/model/tree/"+f.commit)
	switch {
	case f.limitFirst && asked == 1:
		w.WriteHeader(http.StatusTooManyRequests)
	case f.needToken && r.Header.Get("Authorization") != "Bearer "+token:
		w.WriteHeader(http.StatusUnauthorized)
	case f.filesOnly && strings.HasPrefix(r.URL.Path, "/api/"):
		f.missing(w)
	case r.URL.Path == "/api/models/ann/model/revision/main":
		fmt.Fprintf(w, `{"id": "ann/model", "sha": %q}`, f.commit)
	case listed:
		f.tree(w, r, dir, now)
	case found:
		f.content(w, r, now[p])
	case resolves:
		f.resolve(w, r, file, now[file])
	default:
		f.missing(w)
	}
}

func (f *fake) missing(w http.ResponseWriter) {
	if f.codes {
		w.Header().Set(wire.HeaderErrorCode, wire.CodeEntryNotFound)
	}
	w.WriteHeader(http.StatusNotFound)
}

func (f *fake) tree(w http.ResponseWriter, r *http.Request, dir string, now files) {
	dir = strings.TrimPrefix(dir+"/", "/")
	var entries []wire.TreeEntry
	for _, p := range slices.Sorted(maps.Keys(now)) {
		below, ok := strings.CutPrefix(p, dir)
		if !ok {
			continue
		}
		shown := dir
		if f.relativeTree {
			shown = ""
		}
		if sub, _, deeper := strings.Cut(below, "/"); f.flatTree && deeper {
			if e := (wire.TreeEntry{Type: "directory", Path: shown + sub}); !slices.Contains(entries, e) {
				entries = append(entries, e)
			}
			continue
		}
		e := wire.TreeEntry{Type: "file", Path: shown + below, Size: int64(len(now[p])), OID: strings.Repeat("0", len(f.commit))}
		if b := now[p]; len(b) >= 64<<10 && !f.noTreeLFS {
			e.LFS = &wire.LFSInfo{OID: f.oidPrefix + sha(b), Size: int64(len(b))}
		}
		entries = append(entries, e)
	}
	if f.pageSize > 0 {
		at := 0
		fmt.Sscan(r.URL.Query().Get("at"), &at)
		entries = entries[min(at, len(entries)):]
		if len(entries) > f.pageSize {
			entries = entries[:f.pageSize]
			w.Header().Add("Link", `<https://elsewhere/>; rel="prev"`)
			w.Header().Add("Link", fmt.Sprintf(f.nextPage, at+f.pageSize))
		}
	}
	json.NewEncoder(w).Encode(entries)
}

func (f *fake) resolve(w http.ResponseWriter, r *http.Request, p string, b []byte) {
	if b == nil {
		f.missing(w)
		return
	}
	w.Header().Set(wire.HeaderRepoCommit, f.commit)
	if f.linked && len(b) >= 64<<10 {
		w.Header().Set(wire.HeaderLinkedEtag, sha(b))
		w.Header().Set(wire.HeaderLinkedSize, fmt.Sprint(len(b)))
	}
	if f.redirect != "" {
		w.Header().Set("Location", strings.TrimSuffix(f.redirect, "/")+"/content/"+p)
		w.WriteHeader(http.StatusFound)
		return
	}
	f.content(w, r, b)
}

func (f *fake) content(w http.ResponseWriter, r *http.Request, b []byte) {
	if r.Method == http.MethodHead && f.headStatus != 0 {
		w.WriteHeader(f.headStatus)
		return
	}
	if len(b) == 0 && f.headStatus != 0 && r.Header.Get("Range") != "" {
		w.Header().Set("Content-Range", "bytes */0")
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	w.Header().Set("ETag", f.etag(b))
	if r.Method == http.MethodHead && f.headNoLength {
		w.Header().Set("Transfer-Encoding", "chunked")
		return
	}
	if f.ignoreRange {
		r.Header.Del("Range")
	}
	http.ServeContent(w, r, "", noTime, bytes.NewReader(b))
}
