package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// hostile KIND makes HF_ENDPOINT a server that is no good hub.
func hostile(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	kinds := map[string]http.HandlerFunc{
		"dotdot": listing(`[{"type": "file", "path": "../../escaped.txt", "size": 7, "oid": "` + strings.Repeat("a", 40) + `"}]`),
		"huge":   listing(`[{"type": "file", "path": "model.safetensors", "size": 1152921504606846976, "oid": "` + strings.Repeat("a", 40) + `"}]`),
		"portal": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			fmt.Fprint(rw, "<html>Please log in to the hotel's network</html>")
		},
		"echo": func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("X-Error-Message", "refused: "+r.Header.Get("Authorization"))
			rw.Header().Set("X-HF-Warning", "auth; you sent "+r.Header.Get("Authorization"))
			rw.WriteHeader(http.StatusForbidden)
		},
		"escapes": func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(rw, `{"error": "\u001b]0;owned\u0007 first line\nlongcat: error: second"}`)
		},
		"elsewhere": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, w.cdn.URL+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		},
	}
	if args[0] == "untrusted" {
		s := httptest.NewUnstartedServer(http.NotFoundHandler())
		s.Config.ErrorLog = log.New(io.Discard, "", 0) // "bad certificate" is what is wanted
		s.StartTLS()
		ts.Defer(s.Close)
		ts.Setenv("HF_ENDPOINT", s.URL)
		return
	}
	kind := kinds[args[0]]
	if neg || kind == nil {
		ts.Fatalf("no such kind: %q", args[0])
	}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(r)
		kind(rw, r)
	}))
	ts.Defer(s.Close)
	ts.Setenv("HF_ENDPOINT", s.URL)
}

// listing is a hub of which every repo has the files of one tree.
func listing(tree string) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/revision/"):
			fmt.Fprintf(rw, `{"id": "me/model", "sha": %q}`, strings.Repeat("c", 40))
		case strings.Contains(r.URL.Path, "/tree/"):
			fmt.Fprint(rw, tree)
		default:
			http.NotFound(rw, r)
		}
	}
}
