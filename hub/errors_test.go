package hub_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/localhub"
)

// targets are all that an error may match.
var targets = []error{
	hub.ErrNotFound, hub.ErrEntryNotFound, hub.ErrRevisionNotFound, hub.ErrRepoNotFound, hub.ErrUnauthorized,
	hub.ErrForbidden, hub.ErrGated, hub.ErrConflict, hub.ErrRateLimited, hub.ErrOffline, hub.ErrStalled, hub.ErrChanged,
}

func wantTargets(t *testing.T, err error, want ...error) {
	t.Helper()
	for _, target := range targets {
		matches := false
		for _, w := range want {
			matches = matches || w == target
		}
		if errors.Is(err, target) != matches {
			t.Errorf("%v: is %q: %v, want %v", err, target, !matches, matches)
		}
	}
}

// The rows of what the Hub answers, given by a hub that answers so.
func TestErrorsOfTheHub(t *testing.T) {
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	c := w.client()
	nobody, stranger := w.client(anonymous), w.client(func(c *hub.Config) { c.Token = "hf_wrong" })
	resolve := func(c *hub.Client, r hub.Repo, rev, path string) error {
		_, err := c.Resolve(t.Context(), r, rev, path)
		return err
	}
	for _, test := range []struct {
		name    string
		err     error
		status  int
		message string
		targets []error
	}{
		{"no such file", resolve(c, repo, "main", "b.txt"), 404, "Entry not found", []error{hub.ErrNotFound, hub.ErrEntryNotFound}},
		{"no such revision", resolve(c, repo, "nope", "a.txt"), 404, "Invalid rev id: nope", []error{hub.ErrNotFound, hub.ErrRevisionNotFound}},
		{"no such repo", resolve(c, hub.Repo{ID: "ann/none"}, "main", "a.txt"), 404, "Repository not found", []error{hub.ErrNotFound, hub.ErrRepoNotFound}},
		{"no such repo, anonymous", resolve(nobody, hub.Repo{ID: "ann/none"}, "main", "a.txt"), 401, "Invalid username or password.", []error{hub.ErrUnauthorized, hub.ErrRepoNotFound}},
		{"bad token", resolve(stranger, repo, "main", "a.txt"), 401, "Invalid credentials in Authorization header", []error{hub.ErrUnauthorized}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var he *hub.Error
			if !errors.As(test.err, &he) {
				t.Fatalf("got %v", test.err)
			}
			if he.Status != test.status || he.Message != test.message {
				t.Errorf("status %d, message %q", he.Status, he.Message)
			}
			if !strings.HasPrefix(he.RequestID, "Root=1-") || !strings.Contains(he.Error(), he.RequestID) {
				t.Errorf("request id %q is not in %q", he.RequestID, he)
			}
			if he.HadToken == (test.name == "no such repo, anonymous") {
				t.Errorf("HadToken is %v", he.HadToken)
			}
			wantTargets(t, test.err, test.targets...)
		})
	}
}

// The rows that need a repo of a special kind, and what other servers answer.
func TestErrorTargetsByStatusAndCode(t *testing.T) {
	for _, test := range []struct {
		status  int
		code    string
		targets []error
	}{
		{403, "GatedRepo", []error{hub.ErrForbidden, hub.ErrGated}},
		{403, "", []error{hub.ErrForbidden}},
		{404, "RepoNotFound", []error{hub.ErrNotFound, hub.ErrRepoNotFound}},
		{404, "", []error{hub.ErrNotFound}},
		{401, "", []error{hub.ErrUnauthorized}},
		{401, "RepoNotFound", []error{hub.ErrUnauthorized, hub.ErrRepoNotFound}},
		{409, "", []error{hub.ErrConflict}},
		{412, "", []error{hub.ErrConflict}},
		{429, "", []error{hub.ErrRateLimited}},
		{418, "", nil},
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if test.code != "" {
				w.Header().Set("X-Error-Code", test.code)
			}
			w.Header().Set("X-Error-Message", "Access to this resource is disabled.")
			w.WriteHeader(test.status)
		}))
		_, err := newClient(t, srv.URL, func(c *hub.Config) { c.RetryFor = -1 }).RepoInfo(t.Context(), repo, "")
		srv.Close()
		wantTargets(t, fmt.Errorf("wrapped: %w", err), test.targets...)
		if !strings.Contains(err.Error(), "Access to this resource is disabled.") {
			t.Errorf("%d: %v", test.status, err)
		}
	}
}

// A server's words are printed, so they must be harmless: short, on one line,
// without terminal codes, signatures or tokens.
func TestErrorTextIsSafe(t *testing.T) {
	secret := "https://cdn/x?X-Amz-Signature=5ec3e7&Expires=1"
	for name, serve := range map[string]http.HandlerFunc{
		"header": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Error-Message", "see "+secret+" \x9b31m "+r.Header.Get("Authorization"))
			w.Header().Set("X-Request-Id", token)
			w.WriteHeader(400)
		},
		"json": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error": "see %s \u001b[31mred\u001b[0m\r\nnext %s"}`, secret, token)
		},
		"git-lfs": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(422)
			fmt.Fprintf(w, `{"message": "see %s"}`, secret)
		},
		"text": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(400)
			fmt.Fprintf(w, "see %s and %s", secret, strings.Repeat("x", 10_000))
		},
		"redirect of a write": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, secret, http.StatusFound) },
		"endless": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(400)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, "see "+secret+strings.Repeat("y", 1000)); err != nil {
					return
				}
			}
		},
	} {
		srv := httptest.NewServer(serve)
		err := newClient(t, srv.URL).DeleteRepo(t.Context(), repo)
		srv.Close()
		var he *hub.Error
		if !errors.As(err, &he) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		checkText(t, name, err)
		if name != "redirect of a write" && !strings.Contains(err.Error(), "see ") {
			t.Errorf("%s: the server's words are lost: %v", name, err)
		}
	}
}

func checkText(t *testing.T, name string, err error) {
	t.Helper()
	s := err.Error()
	for _, secret := range []string{"5ec3e7", "Signature=", token} {
		if strings.Contains(s, secret) {
			t.Errorf("%s: %q is in %q", name, secret, s)
		}
	}
	if len(s) > 1500 || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || (r >= 0x7f && r < 0xa0) }) {
		t.Errorf("%s: not fit to print: %d bytes, %q", name, len(s), s[:min(len(s), 300)])
	}
}

// Errors that are not the Hub's quote addresses, and servers' bytes: these too
// must be harmless.
func TestTransportErrorTextIsSafe(t *testing.T) {
	garbage := func(answer string) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				io.WriteString(conn, answer)
				conn.Close()
			}
		}))
	}
	for name, srv := range map[string]*httptest.Server{
		"no http":     garbage("\x1b[31mhello\x1b[0m " + token + "\r\n\r\n"),
		"bad header":  garbage("HTTP/1.1 200 OK\r\n\x1b[31mbad " + token + "\r\n\r\n"),
		"cut":         garbage("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
		"bad chunk":   garbage("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\x1b[31m\r\n"),
		"no location": garbage("HTTP/1.1 302 Found\r\nLocation: http://[x?Signature=5ec3e7\r\nContent-Length: 0\r\n\r\n"),
		"nobody there": httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/x?Signature=5ec3e7", http.StatusFound)
		})),
	} {
		_, err := newClient(t, srv.URL, func(c *hub.Config) { c.RetryFor = -1 }).RepoInfo(t.Context(), repo, "")
		srv.Close()
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		checkText(t, name, err)
	}
}

func TestOffline(t *testing.T) {
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	c := w.client(func(c *hub.Config) { c.Offline = true })
	_, err := c.RepoInfo(t.Context(), repo, "")
	wantTargets(t, err, hub.ErrOffline)
	_, err = c.Upload(t.Context(), hub.Upload{Repo: repo, Message: "x", Parent: strings.Repeat("0", 40), Files: files{"b": blob(100_000, 1)}.upload()})
	wantTargets(t, err, hub.ErrOffline)
	_, err = c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	wantTargets(t, err, hub.ErrOffline)
	if n := len(w.requests(func(localhub.Request) bool { return true })); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}
