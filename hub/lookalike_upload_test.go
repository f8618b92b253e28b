package hub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/internal/wire"
)

// fakeUpload is a look-alike that takes one upload.
type fakeUpload struct {
	batch  func(o wire.LFSObject) wire.LFSBatchObject // what the batch answers for an object
	preOID string                                     // what preupload says stands there
	commit string                                     // the commit's answer

	mu       sync.Mutex
	puts     map[string]string // path → body
	verified int
	lines    []string // of the commit
}

func (f *fakeUpload) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case strings.Contains(r.URL.Path, "/revision/"):
		fmt.Fprintf(w, `{"sha": "%040d"}`, 1)
	case strings.Contains(r.URL.Path, "/preupload/"):
		var req wire.PreuploadRequest
		_ = json.Unmarshal(body, &req)
		var resp wire.PreuploadResponse
		for _, file := range req.Files {
			resp.Files = append(resp.Files, wire.PreuploadAnswer{Path: file.Path, UploadMode: wire.UploadLFS, OID: f.preOID})
		}
		json.NewEncoder(w).Encode(resp)
	case strings.HasSuffix(r.URL.Path, "/objects/batch"):
		var req wire.LFSBatchRequest
		_ = json.Unmarshal(body, &req)
		var resp wire.LFSBatchResponse
		for _, o := range req.Objects {
			resp.Objects = append(resp.Objects, f.batch(o))
		}
		json.NewEncoder(w).Encode(resp)
	case r.Method == http.MethodPut:
		f.puts[r.URL.Path] = string(body)
		w.Header().Set("ETag", `"e"`)
	case r.URL.Path == "/verify":
		f.verified++
	case strings.Contains(r.URL.Path, "/commit/"):
		f.lines = strings.Split(strings.TrimSpace(string(body)), "\n")
		io.WriteString(w, f.commit)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (f *fakeUpload) upload(t *testing.T, endpoint string, content files) (*hub.UploadResult, error) {
	t.Helper()
	f.puts = map[string]string{}
	if f.commit == "" {
		f.commit = fmt.Sprintf(`{"commitOid": "%040d"}`, 2)
	}
	return newClient(t, endpoint, func(c *hub.Config) { c.RetryFor = 500 * time.Millisecond }).
		Upload(t.Context(), hub.Upload{Repo: repo, Message: "m", Files: content.upload()})
}

func action(href string, header map[string]wire.LFSString) map[string]*wire.LFSAction {
	return map[string]*wire.LFSAction{"upload": {Href: href, Header: header}}
}

func TestUploadToLookAlikes(t *testing.T) {
	content := files{weights: []byte("some bytes")}
	for name, f := range map[string]*fakeUpload{
		"basic, no verify": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("/put/x", nil)}
		}},
		"basic with headers": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("/put/x", map[string]wire.LFSString{"X-Key": "v", "Content-Type": "application/octet-stream"})}
		}},
		"commit without a host": {
			commit: fmt.Sprintf(`{"success": true, "commitOid": "%064d", "commitUrl": "/ann/model/commit/2"}`, 2),
			batch: func(o wire.LFSObject) wire.LFSBatchObject {
				return wire.LFSBatchObject{OID: o.OID, Actions: action("/put/x", nil)}
			},
		},
	} {
		endpoint := newServer(t, f)
		res, err := f.upload(t, endpoint, content)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.puts["/put/x"] != "some bytes" || res.Sent != 10 {
			t.Errorf("%s: put %q, sent %d", name, f.puts, res.Sent)
		}
		if len(f.lines) != 2 || !strings.Contains(f.lines[1], sha(content[weights])) {
			t.Errorf("%s: committed %q", name, f.lines)
		}
		if f.commit[:3] == `{"s` && res.CommitURL != endpoint+"/ann/model/commit/2" {
			t.Errorf("%s: commit's address %q", name, res.CommitURL)
		}
	}
}

// An LFS server may ask for what it likes to be sent to its storage, but not
// for the Hub's token.
func TestTokenIsNotSentToStorage(t *testing.T) {
	s := newSpy(t)
	for name, header := range map[string]map[string]wire.LFSString{
		"basic":     {"Authorization": "Bearer " + token},
		"multipart": {"chunk_size": "4", "1": wire.LFSString(s.URL + "/1"), "2": wire.LFSString(s.URL + "/2"), "3": wire.LFSString(s.URL + "/3")},
	} {
		f := &fakeUpload{batch: func(o wire.LFSObject) wire.LFSBatchObject {
			a := action(s.URL+"/x", header)
			a["verify"] = &wire.LFSAction{Href: s.URL + "/verify", Header: map[string]wire.LFSString{"Authorization": "Bearer " + token}}
			return wire.LFSBatchObject{OID: o.OID, Actions: a}
		}}
		before := s.asked.Load()
		if _, err := f.upload(t, newServer(t, f), files{weights: []byte("some bytes")}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.wantAsked(t, before+2)
	}
}

// The storage's own key passes.
func TestStorageKeyPasses(t *testing.T) {
	got := make(chan string, 1)
	storage := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- r.Header.Get("Authorization")
	}))
	defer storage.Close()
	f := &fakeUpload{batch: func(o wire.LFSObject) wire.LFSBatchObject {
		return wire.LFSBatchObject{OID: o.OID, Actions: action(storage.URL, map[string]wire.LFSString{"Authorization": "Basic key"})}
	}}
	if _, err := f.upload(t, newServer(t, f), files{weights: []byte("some bytes")}); err != nil {
		t.Fatal(err)
	}
	if key := <-got; key != "Basic key" {
		t.Errorf("the storage got %q", key)
	}
}

// Answers that make no sense are errors, not panics or loops.
func TestUploadToHostileServers(t *testing.T) {
	parts := func(header map[string]wire.LFSString) func(wire.LFSObject) wire.LFSBatchObject {
		return func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("/x", header)}
		}
	}
	for name, f := range map[string]*fakeUpload{
		"no address": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("", nil)}
		}},
		"a broken address": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("http://[::1?Signature=5ec3e7", nil)}
		}},
		"a file's address": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Actions: action("file:///etc/passwd", nil)}
		}},
		"another object": {batch: func(o wire.LFSObject) wire.LFSBatchObject { return wire.LFSBatchObject{OID: sha(nil)} }},
		"an error of an object": {batch: func(o wire.LFSObject) wire.LFSBatchObject {
			return wire.LFSBatchObject{OID: o.OID, Error: &wire.LFSError{Code: 507, Message: "no \x1b[31mroom " + token}}
		}},
		"part size 0":           {batch: parts(map[string]wire.LFSString{"chunk_size": "0"})},
		"part size -1":          {batch: parts(map[string]wire.LFSString{"chunk_size": "-1"})},
		"part size a word":      {batch: parts(map[string]wire.LFSString{"chunk_size": "\x1b[31m"})},
		"a part is missing":     {batch: parts(map[string]wire.LFSString{"chunk_size": "4", "1": "/1", "3": "/3"})},
		"a header that is none": {batch: parts(map[string]wire.LFSString{"X-A\r\nB": "c\r\nd"})},
		"no commit id":          {commit: `{"commitOid": "../../x"}`, batch: parts(nil)},
	} {
		_, err := f.upload(t, newServer(t, f), files{weights: []byte("some bytes")})
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		checkText(t, name, err)
	}
}

// A server that commits to the branch where a pull request was asked for is
// told of.
func TestNoPullRequest(t *testing.T) {
	t.Parallel()
	f := &fakeUpload{puts: map[string]string{}, batch: func(o wire.LFSObject) wire.LFSBatchObject { return wire.LFSBatchObject{OID: o.OID} }}
	f.commit = fmt.Sprintf(`{"commitOid": "%040d"}`, 2)
	_, err := newClient(t, newServer(t, f)).
		Upload(t.Context(), hub.Upload{Repo: repo, Message: "m", CreatePR: true, Files: files{"a.bin": []byte("a")}.upload()})
	if err == nil || !strings.Contains(err.Error(), `the hub made none; the changes may be on "main", as commit "0000`) {
		t.Errorf("got %v", err)
	}
}

// Writes follow a redirect that keeps them what they are, on the server itself
// and nowhere else.
func TestRedirectedWrites(t *testing.T) {
	t.Parallel()
	elsewhere := newServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a write went to another server") }))
	for status, follows := range map[int]bool{301: false, 302: false, 303: false, 307: true, 308: true} {
		for _, to := range []string{"", elsewhere} {
			var got string
			srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/repos/create" {
					http.Redirect(w, r, to+"/api/repos/create/", status)
					return
				}
				body, _ := io.ReadAll(r.Body)
				got = r.Method + " " + r.Header.Get("Authorization") + " " + string(body)
			}))
			_, err := newClient(t, srv).CreateRepo(t.Context(), repo, "")
			if follows && to == "" {
				if err != nil || !strings.HasPrefix(got, "POST Bearer "+token) || !strings.Contains(got, `"name":"model"`) {
					t.Errorf("%d: %v, the server got %q", status, err, got)
				}
			} else if err == nil || got != "" {
				t.Errorf("%d to %q was followed: %q", status, to, got)
			}
		}
	}
}
