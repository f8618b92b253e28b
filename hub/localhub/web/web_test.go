package web

import (
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestExact(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1\u202f000", 2_398_656: "2\u202f398\u202f656"} {
		if got := exact(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

// filled are all pages, with words that try to be markup wherever there are words.
func filled() []Page {
	const evil = `"'><script>alert(1)</script>`
	const away = "javascript:alert(1)"
	when := time.Date(2026, 9, 22, 17, 0, 0, 0, time.UTC)
	frame := Frame{Title: evil, List: away, Search: evil, User: evil}
	links := []Link{{evil, away}, {evil, ""}}
	repo := Repo{Type: evil, Owner: evil, Name: evil, Href: away, Private: true, Gated: true, Pulls: 1}
	in := Inside{Frame: frame, Repo: repo, Tab: "card", Rev: evil, Branches: links, Tags: links}
	change := Change{ID: evil, Href: away, Title: evil, Message: evil, Author: evil, Date: when}
	entry := Entry{Name: evil, Href: away, Size: 1, Hash: evil, HashKind: evil, Download: away, Last: change}
	edits := Edits{List: []Edit{{Kind: evil, File: links[0], Size: 1}}, Added: 1, Left: 1}
	return []Page{
		List{Frame: frame, Heading: evil, Repos: []Summary{{repo, when, 1}}, Total: 1, Newer: away, More: away},
		List{Frame: frame, Heading: evil},
		Card{
			Inside: in, Text: evil, Reason: evil, Map: away, Topics: []string{evil}, Commands: []string{evil},
			Facts: []Fact{{Name: evil, Values: links, Note: evil}},
		},
		Tree{Inside: in, Path: links, Up: away, Last: change, Entries: []Entry{entry, {Name: evil, Href: away, Folder: true}}, More: away},
		Blob{Inside: in, Path: links, File: entry, Image: away, Lines: []string{evil}, Reason: evil},
		Commits{Inside: in, Changes: []Change{change}, Newest: away, Older: away},
		Commit{Inside: in, Change: change, Parent: links[0], Files: away, Edits: edits},
		Pulls{Inside: in, Proposals: []Proposal{{1, away, evil, evil, when}}},
		Pull{Inside: in, Proposal: Proposal{1, away, evil, evil, when}, Files: away, Changes: []Change{change}, Edits: edits},
		Error{Frame: frame, Status: 404, Heading: evil, Message: evil, Hint: evil},
	}
}

func TestPagesEscapeAllWords(t *testing.T) {
	markup := regexp.MustCompile(`(?i)<script|(href|src|action)="\s*javascript:`)
	for _, p := range filled() {
		w := httptest.NewRecorder()
		if err := Write(w, 200, p, ""); err != nil {
			t.Errorf("%T: %v", p, err)
			continue
		}
		body := w.Body.String()
		if found := markup.FindString(body); found != "" {
			t.Errorf("%T holds %q:\n%s", p, found, body)
		}
		if !strings.Contains(body, "&lt;script&gt;") {
			t.Errorf("%T does not show its words:\n%s", p, body)
		}
		if w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
			t.Errorf("%T: Content-Length %s of %d", p, w.Header().Get("Content-Length"), w.Body.Len())
		}
	}
}

// Each page has the landmarks and one heading of the first order.
func TestPagesHaveLandmarks(t *testing.T) {
	for _, p := range filled() {
		w := httptest.NewRecorder()
		if err := Write(w, 200, p, ""); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"<!doctype html>", `<html lang="en">`, `href="#page"`, `<main id="page"`, `<label class="unseen" for="search">`, "<h1", "<footer"} {
			if n := strings.Count(w.Body.String(), part); n != 1 {
				t.Errorf("%T has %q %d times", p, part, n)
			}
		}
	}
}

func TestStyleMatchesItsVersion(t *testing.T) {
	w := httptest.NewRecorder()
	ServeStyle(w, httptest.NewRequest("GET", StylePath, nil))
	if w.Code != 200 || w.Body.String() != string(style) || w.Header().Get("ETag") != `"`+styleVersion+`"` {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
