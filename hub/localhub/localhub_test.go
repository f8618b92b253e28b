package localhub_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// world is a Hub with two listeners, the second being its CDN, and tokens of
// a few people: ann (in org acme), bob, and rita who may only read.
type world struct {
	*testing.T
	hub      *localhub.Hub
	url, cdn string
	faults   *localhub.Faults
	clock    clock
	close    func()

	mu  sync.Mutex
	log []localhub.Request
}

// clock is a time that stands still until it is moved.
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

func newWorld(t *testing.T, change func(*localhub.Options)) *world {
	return openWorld(t, t.TempDir(), change)
}

func openWorld(t *testing.T, dir string, change func(*localhub.Options)) *world {
	t.Helper()
	w := &world{T: t, faults: &localhub.Faults{}, clock: clock{at: time.Date(2026, 9, 22, 17, 0, 0, 0, time.UTC)}}
	var handler http.Handler
	serve := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { handler.ServeHTTP(rw, r) })
	front, cdn := httptest.NewServer(serve), httptest.NewServer(serve)
	opts := localhub.Options{
		Tokens: []localhub.Token{
			{Secret: "hf_ann", User: "ann", Role: localhub.Write, Orgs: []string{"acme"}},
			{Secret: "hf_bob", User: "bob", Role: localhub.Write},
			{Secret: "hf_rita", User: "rita", Orgs: []string{"acme"}},
		},
		CDN: cdn.URL, Now: w.clock.now, Faults: w.faults,
		Log: func(r localhub.Request) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.log = append(w.log, r)
		},
	}
	if change != nil {
		change(&opts)
	}
	hub, err := localhub.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	handler, w.hub, w.url, w.cdn = hub, hub, front.URL, cdn.URL
	w.close = sync.OnceFunc(func() {
		front.Close()
		cdn.Close()
		if err := hub.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.close)
	return w
}

// answer is a response with its body read.
type answer struct {
	*http.Response
	body []byte
}

var noFollow = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// do sends a request. user is "" for anonymous; body may be nil, bytes, an
// io.Reader, or anything else to be sent as JSON. header is name, value, ….
func (w *world) do(user, method, url string, body any, header ...string) answer {
	w.Helper()
	a, err := w.try(user, method, url, body, header...)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func (w *world) try(user, method, url string, body any, header ...string) (answer, error) {
	if strings.HasPrefix(url, "/") {
		url = w.url + url
	}
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case []byte:
		r = bytes.NewReader(b)
	case io.Reader:
		r = b
	default:
		data, err := json.Marshal(b)
		if err != nil {
			return answer{}, err
		}
		r = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(w.Context(), method, url, r)
	if err != nil {
		return answer{}, err
	}
	if user != "" {
		req.Header.Set("Authorization", "Bearer hf_"+user)
	}
	for pair := range slices.Chunk(header, 2) {
		req.Header.Set(pair[0], pair[1])
	}
	resp, err := noFollow.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return answer{resp, data}, err
}

// want fails the test unless the answer has the status, and the X-Error-Code
// if one is given.
func (w *world) want(a answer, status int, code ...string) answer {
	w.Helper()
	if a.StatusCode != status {
		w.Fatalf("%s %s: status %d, want %d: %s", a.Request.Method, a.Request.URL.Path, a.StatusCode, status, a.body)
	}
	if len(code) > 0 && a.Header.Get(wire.HeaderErrorCode) != code[0] {
		w.Fatalf("%s %s: X-Error-Code %q, want %q", a.Request.Method, a.Request.URL.Path, a.Header.Get(wire.HeaderErrorCode), code[0])
	}
	return a
}

// decode reads a JSON answer.
func decode[T any](w *world, a answer) T {
	w.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		w.Fatalf("%v in %s", err, a.body)
	}
	return v
}

// create makes a repo for ann.
func (w *world) create(name, visibility string) {
	w.Helper()
	org, name, _ := strings.Cut(name, "/")
	w.want(w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: name, Organization: org, Visibility: visibility}), 200)
}

func sha(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// line is one line of a commit.
func line(key string, value any) string {
	data, err := json.Marshal(map[string]any{"key": key, "value": value})
	if err != nil {
		panic(err)
	}
	return string(data) + "\n"
}

func header(parent string) string {
	return line("header", wire.CommitHeader{Summary: "a change", ParentCommit: parent})
}

func fileLine(path, content string) string {
	return line("file", wire.CommitFile{Path: path, Content: base64.StdEncoding.EncodeToString([]byte(content)), Encoding: "base64"})
}

func lfsLine(path string, content []byte) string {
	return line("lfsFile", wire.CommitLFSFile{Path: path, Algo: "sha256", OID: sha(content), Size: int64(len(content))})
}

// commit sends a commit to a revision of a model.
func (w *world) commit(user, repo, rev string, lines ...string) answer {
	w.Helper()
	return w.do(user, "POST", "/api/models/"+repo+"/commit/"+rev, []byte(strings.Join(lines, "")), "Content-Type", "application/x-ndjson")
}

// batch asks where one object is to be sent.
func (w *world) batch(user, repo string, content []byte) wire.LFSBatchObject {
	w.Helper()
	a := w.want(w.do(user, "POST", "/"+repo+".git/info/lfs/objects/batch", wire.LFSBatchRequest{
		Operation: "upload", Transfers: []string{"basic", "multipart"}, HashAlgo: "sha256",
		Objects: []wire.LFSObject{{OID: sha(content), Size: int64(len(content))}},
	}, "Content-Type", wire.LFSMediaType, "Accept", wire.LFSMediaType), 200)
	return decode[wire.LFSBatchResponse](w, a).Objects[0]
}

// upload sends an object to a repo if the Hub asks for it, in the way it asks.
func (w *world) upload(user, repo string, content []byte) {
	w.Helper()
	o := w.batch(user, repo, content)
	if o.Error != nil {
		w.Fatal(o.Error)
	}
	up := o.Actions["upload"]
	if up == nil {
		return
	}
	if up.Header["chunk_size"] == "" {
		w.want(w.do("", "PUT", up.Href, content), 200)
	} else {
		w.want(w.do("", "POST", up.Href, w.putParts(up, content)), 200)
	}
	w.want(w.do(user, "POST", o.Actions["verify"].Href, wire.LFSObject{OID: o.OID, Size: o.Size}), 200)
}

// partAddresses are a multipart upload's addresses in order.
func partAddresses(up *wire.LFSAction) (size int, addresses []string) {
	fmt.Sscan(string(up.Header["chunk_size"]), &size)
	for _, key := range slices.Sorted(maps.Keys(up.Header)) {
		if key != "chunk_size" {
			addresses = append(addresses, string(up.Header[key]))
		}
	}
	return size, addresses
}

// putParts sends all parts, the last one first.
func (w *world) putParts(up *wire.LFSAction, content []byte) wire.LFSComplete {
	w.Helper()
	size, addresses := partAddresses(up)
	done := wire.LFSComplete{OID: sha(content)}
	for i, address := range slices.Backward(addresses) {
		a := w.want(w.do("", "PUT", address, content[i*size:min((i+1)*size, len(content))]), 200)
		done.Parts = append(done.Parts, wire.LFSPart{PartNumber: i + 1, ETag: a.Header.Get("ETag")})
	}
	slices.Reverse(done.Parts)
	return done
}

// get fetches a file of a model, following redirects as a client does.
func (w *world) get(user, repo, rev, path string) []byte {
	w.Helper()
	a := w.do(user, "GET", "/"+repo+"/resolve/"+rev+"/"+path, nil)
	for a.StatusCode/100 == 3 {
		location := a.Header.Get("Location")
		if !strings.HasPrefix(location, "/") {
			user = ""
		}
		a = w.do(user, "GET", location, nil)
	}
	return w.want(a, 200).body
}

// head is the commit that a revision of a model stands at.
func (w *world) head(user, repo, rev string) string {
	w.Helper()
	a := w.want(w.do(user, "GET", "/api/models/"+repo+"/revision/"+rev, nil), 200)
	return decode[wire.RepoInfo](w, a).SHA
}

// blob is n bytes that are no text and differ by seed.
func blob(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*i>>3) ^ byte(i>>8)*31 ^ seed
	}
	return b
}
