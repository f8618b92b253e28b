package hub_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"longcat/hub"
	"longcat/hub/localhub"
)

// spy is another host: it answers everything and looks for the token in all
// that it is sent.
type spy struct {
	*httptest.Server
	asked atomic.Int64
}

func newSpy(t *testing.T) *spy {
	s := &spy{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		var all bytes.Buffer
		_ = r.Header.Write(&all)
		fmt.Fprintln(&all, r.Host, r.RequestURI)
		_, _ = io.Copy(&all, r.Body)
		if strings.Contains(all.String(), token) {
			t.Errorf("the token reached another host: %s %s\n%s", r.Method, r.URL.Path, r.Header)
		}
		w.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			http.ServeContent(w, r, "", noTime, strings.NewReader(`[]`))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// wantAsked insists that the test went where it meant to go.
func (s *spy) wantAsked(t *testing.T, atLeast int64) {
	t.Helper()
	if n := s.asked.Load(); n < atLeast {
		t.Errorf("the other host was asked %d times, want %d: the test proves nothing", n, atLeast)
	}
}

// redirecting is a hub that sends every request on, once it saw the token.
func redirecting(t *testing.T, status int, to func(r *http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("%s %s came to the hub without the token", r.Method, r.URL.Path)
		}
		w.Header().Set("X-Repo-Commit", strings.Repeat("a", 40))
		w.Header().Set("Location", to(r))
		w.WriteHeader(status)
	})
}

func TestTokenIsNotSentToOtherHosts(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := newSpy(t)
		// Another port of the same machine: Go itself would send the token there.
		srv := httptest.NewServer(redirecting(t, status, func(*http.Request) string { return s.URL + "/x" }))
		c := newClient(t, srv.URL)
		for range c.Tree(t.Context(), repo, "") { // an API call that is redirected
		}
		s.wantAsked(t, 1)
		if _, err := c.Resolve(t.Context(), repo, "main", "m.bin"); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		s.wantAsked(t, 2)
		r, closer, err := c.Open(t.Context(), repo, "main", "m.bin") // content
		if err != nil {
			t.Fatalf("%d: %v", status, err)
		}
		if b, err := io.ReadAll(r); string(b) != "[]" || err != nil {
			t.Errorf("%d: content %q, %v", status, b, err)
		}
		closer.Close()
		s.wantAsked(t, 4)
		_ = c.DeleteRepo(t.Context(), repo) // a write: not followed at all
		if s.asked.Load() > 4 {
			t.Errorf("%d: a write was redirected", status)
		}
		srv.Close()
	}
}

func TestTokenIsSentOnAlongOwnRedirects(t *testing.T) {
	var second atomic.Int64
	mux := http.NewServeMux()
	mux.Handle("/api/models/ann/model/revision/main", redirecting(t, 307, func(*http.Request) string { return "/moved" }))
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer "+token {
			second.Add(1)
		}
		fmt.Fprintf(w, `{"sha": "%040d"}`, 1)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	if _, err := newClient(t, srv.URL).RepoInfo(t.Context(), repo, ""); err != nil || second.Load() != 1 {
		t.Errorf("the redirect within the hub had the token %d times, %v", second.Load(), err)
	}
}

// The same host and port, but in the clear.
func TestTokenIsNotSentInTheClear(t *testing.T) {
	s := newSpy(t)
	srv := httptest.NewTLSServer(redirecting(t, 302, func(*http.Request) string { return s.URL + "/x" }))
	defer srv.Close()
	tr := srv.Client().Transport.(*http.Transport)
	c := newClient(t, srv.URL, func(c *hub.Config) { c.Transport = tr })
	if _, err := c.Resolve(t.Context(), repo, "main", "m.bin"); err != nil {
		t.Error(err)
	}
	s.wantAsked(t, 1)

	// The endpoint's own host and port, but http: no port speaks both, so the
	// request is answered before it is dialled.
	other := httptest.NewTLSServer(redirecting(t, 302, func(r *http.Request) string { return "http://" + r.Host + "/x" }))
	defer other.Close()
	plain := &plainSpy{t: t, next: other.Client().Transport}
	c = newClient(t, other.URL, func(c *hub.Config) { c.Transport = plain })
	_, _ = c.Resolve(t.Context(), repo, "main", "m.bin")
	if plain.asked.Load() == 0 {
		t.Error("nothing went out in the clear: the test proves nothing")
	}
}

// plainSpy answers what goes out over http.
type plainSpy struct {
	t     *testing.T
	next  http.RoundTripper
	asked atomic.Int64
}

func (p *plainSpy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "http" {
		return p.next.RoundTrip(r)
	}
	p.asked.Add(1)
	if r.Header.Get("Authorization") != "" {
		p.t.Errorf("the token went out in the clear to %s", r.URL.Host)
	}
	return &http.Response{StatusCode: 404, Header: http.Header{"X-Error-Code": {"EntryNotFound"}}, Body: http.NoBody, Request: r}, nil
}

// A listing has no business on another host.
func TestNextPageElsewhereIsRefused(t *testing.T) {
	s := newSpy(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", "<"+s.URL+`/page2>; rel="next"`)
		io.WriteString(w, `[]`)
	}))
	defer srv.Close()
	var err error
	for _, err = range newClient(t, srv.URL).Tree(t.Context(), repo, "") {
	}
	if err == nil || s.asked.Load() > 0 {
		t.Errorf("%v, and %d requests elsewhere", err, s.asked.Load())
	}
}

// Uploads and downloads through a CDN: what its port is sent carries no token,
// and nothing else does where reads are to be anonymous.
func TestTokenInWholeTransfers(t *testing.T) {
	for name, opts := range map[string]func(*localhub.Options){
		"basic":     func(o *localhub.Options) { o.Multipart = 1 << 30 },
		"multipart": func(o *localhub.Options) { o.Multipart = 128 << 10; o.PartSize = 64 << 10 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, opts)
			w.seed(files{"a.txt": []byte("a")})
			content := blob(300_000, 1)
			if _, err := w.client().Upload(t.Context(), hub.Upload{Repo: repo, Files: files{"m.bin": content}.upload(), Message: "m"}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.client().Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
				t.Fatal(err)
			}
			cdn, hubs := 0, 0
			for _, r := range w.requests(func(localhub.Request) bool { return true }) {
				switch onCDN := "http://"+r.Host == w.cdn; {
				case onCDN && r.Authorized:
					t.Errorf("the CDN got a token: %s %s", r.Method, r.Path)
				case onCDN:
					cdn++
				case r.Authorized:
					hubs++
				}
			}
			if cdn < 2 || hubs < 5 {
				t.Errorf("only %d requests to the CDN and %d with a token: the test proves little", cdn, hubs)
			}
		})
	}
}

func TestImplicitTokenOff(t *testing.T) {
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	c := w.client(func(c *hub.Config) { c.ImplicitTokenOff = true })
	if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.requests(func(r localhub.Request) bool { return r.Authorized })); n > 0 {
		t.Errorf("%d reads carried a token that was not asked for", n)
	}
	if who, err := c.WhoAmI(t.Context()); err != nil || who.Name != "ann" {
		t.Errorf("whoami: %+v, %v", who, err)
	}
	if _, err := c.CreateRepo(t.Context(), hub.Repo{ID: "ann/other"}, hub.Private); err != nil {
		t.Errorf("writes are to use the token: %v", err)
	}
}
