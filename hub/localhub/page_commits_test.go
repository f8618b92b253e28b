package localhub_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"longcat/hub/internal/wire"
)

// The addresses that the API gives out lead to pages.
func TestAddressesOfAnswersLeadSomewhere(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct{ kind, prefix, api string }{{"model", "", "models"}, {"dataset", "datasets/", "datasets"}, {"space", "spaces/", "spaces"}} {
		create := w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Type: c.kind, Name: "x"})
		made := decode[wire.RepoURL](w, w.want(create, 200))
		w.shows(w.page("", made.URL), ">x</a>")
		push := func(query, name string) wire.CommitResponse {
			body := []byte(header("") + fileLine(name, "new"))
			return decode[wire.CommitResponse](w, w.want(w.do("ann", "POST", "/api/"+c.api+"/ann/x/commit/main"+query, body), 200))
		}
		done := push("", "a.txt")
		w.shows(w.page("", done.CommitURL), "a change", "a.txt", done.CommitOID, "added", "ann")
		pull := push("?create_pr=1", "b.txt")
		proposal := w.page("", pull.PullRequestURL)
		w.shows(proposal, "#1", "a change", "b.txt", "1 added", pull.CommitOID, `href="/`+c.prefix+`ann/x/tree/refs%2Fpr%2F1"`)
		w.lacks(proposal, "a.txt")
		w.shows(w.page("", "/"+c.prefix+"ann/x/tree/refs%2Fpr%2F1"), "b.txt")
		w.shows(w.page("", "/"+c.prefix+"ann/x/discussions"), `href="/`+c.prefix+`ann/x/discussions/1"`)
		w.shows(w.page("", made.URL), "Pull requests")
		w.want(w.page("", made.URL+"/discussions/2"), 404)
	}
}

func TestCommitPage(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a.txt", "x"), fileLine("b.txt", "x"), fileLine("c.txt", "same")), 200)
	parent := w.head("", "ann/model", "main")
	said := line("header", wire.CommitHeader{Summary: "title", Description: "first line\nsecond line"})
	w.want(w.commit("ann", "ann/model", "main", said, fileLine("a.txt", strings.Repeat("x", 2000)), line("deletedFile", wire.CommitDeleted{Path: "b.txt"}), fileLine("d.txt", "new")), 200)
	head := w.head("", "ann/model", "main")
	a := w.page("", "/ann/model/commit/"+head)
	w.shows(a, "title", "first line\nsecond line", "22 Sep 2026, 17:00 UTC", `href="/ann/model/commit/`+parent+`"`, "1 added, 1 changed, 1 removed",
		`href="/ann/model/blob/`+parent+`/b.txt"`, `href="/ann/model/blob/`+head+`/d.txt"`, "1 B →</span> 2.0 kB", `href="/ann/model/tree/`+head+`"`)
	w.lacks(a, "c.txt")
	w.shows(w.page("", "/ann/model/commit/"+parent), "3 added")
	w.want(w.page("", "/ann/model/commit/"+strings.Repeat("0", 40)), 404, wire.CodeRevisionNotFound)
}

func TestCommitsPageInParts(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	for i := range 51 {
		said := line("header", wire.CommitHeader{Summary: fmt.Sprintf("change %02d", i)})
		w.want(w.commit("ann", "ann/model", "main", said, fileLine("a.txt", fmt.Sprint(i))), 200)
	}
	body := w.shows(w.page("", "/ann/model/commits/main"), "change 50", "change 01")
	_, older, ok := strings.Cut(body, `<a href="/ann/model/commits/main?from=`)
	if !ok || strings.Contains(body, "change 00") {
		t.Fatalf("the page does not end:\n%s", body)
	}
	older, _, _ = strings.Cut(older, `"`)
	last := w.page("", "/ann/model/commits/main?from="+older)
	w.shows(last, "change 00", "initial commit", `<a href="/ann/model/commits/main">Newest</a>`)
	w.lacks(last, "change 01", "Older")
	w.want(w.page("", "/ann/model/commits/main?from="+strings.Repeat("0", 40)), 404, wire.CodeRevisionNotFound)
}

// Tools must not notice that there are pages: what they get without asking for
// HTML is as it was before there were any.
func TestToolsGetNoPages(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.create("ann/secret", "private")
	for _, path := range []string{
		"/", "/models", "/datasets", "/ann/model", "/ann/model/tree/main", "/ann/model/blob/main/.gitattributes", "/ann/model/commits/main",
		"/ann/model/commit/main", "/ann/model/discussions", "/ann/model/resolve/main/none", "/ann/none/resolve/main/x", "/ann/secret/resolve/main/x",
	} {
		for _, accept := range []string{"", "*/*", "application/json", "image/*,*/*;q=0.8"} {
			a := w.do("", "GET", path, nil, "Accept", accept)
			if a.StatusCode < 400 || a.Header.Get("Content-Type") != "application/json; charset=utf-8" || !bytes.HasPrefix(a.body, []byte(`{"error":"`)) ||
				a.Header.Get("Vary") != "" || a.Header.Get("Content-Security-Policy") != "" {
				t.Errorf("%s for %q: %d %v %s", path, accept, a.StatusCode, a.Header, a.body)
			}
			if login := a.Header.Get("WWW-Authenticate"); (a.StatusCode == 401) != strings.HasPrefix(login, "Bearer ") {
				t.Errorf("%s for %q: WWW-Authenticate %q", path, accept, login)
			}
		}
	}
	for _, path := range []string{"/api/models", "/api/models/ann/model", "/api/models/ann/none", "/api/models/ann/model/tree/none", "/ann/model/resolve/main/.gitattributes"} {
		tool, browser := w.do("", "GET", path, nil, "Accept", "*/*"), w.page("", path)
		if tool.StatusCode != browser.StatusCode || !bytes.Equal(tool.body, browser.body) || tool.Header.Get("Content-Type") != browser.Header.Get("Content-Type") {
			t.Errorf("%s is another for a browser: %s and %s", path, tool.body, browser.body)
		}
	}
	// A file that is not there has a readable page, with the same headers.
	tool, browser := w.do("", "GET", "/ann/model/resolve/main/none", nil), w.want(w.page("", "/ann/model/resolve/main/none"), 404, wire.CodeEntryNotFound)
	if tool.Header.Get(wire.HeaderErrorMessage) != browser.Header.Get(wire.HeaderErrorMessage) || !strings.Contains(string(browser.body), "<h1>Not here</h1>") {
		t.Errorf("%v %s", browser.Header, browser.body)
	}
	w.want(w.do("", "POST", "/ann/model", nil, "Accept", browserAccept), 404)
}

// A private repo and none at all look the same, and a token opens the one.
func TestPrivatePages(t *testing.T) {
	w := newWorld(t, nil)
	w.create("acme/secret", "private")
	for _, rest := range []string{"", "/tree/main", "/blob/main/.gitattributes", "/commits/main", "/commit/main", "/discussions"} {
		for user, status := range map[string]int{"": 404, "bob": 404, "wrong": 401} {
			secret, none := w.want(w.page(user, "/acme/secret"+rest), status), w.page(user, "/acme/absent"+rest)
			if none.StatusCode != status || !bytes.Equal(secret.body, bytes.ReplaceAll(none.body, []byte("absent"), []byte("secret"))) {
				t.Errorf("%q sees that %s is there:\n%s\n%s", user, rest, secret.body, none.body)
			}
			if login := secret.Header.Get("WWW-Authenticate"); (status == 401) != strings.HasPrefix(login, `Basic realm="longcat"`) {
				t.Errorf("%q, %s: WWW-Authenticate %q", user, rest, login)
			}
		}
		if rest != "/blob/main/.gitattributes" {
			w.shows(w.page("rita", "/acme/secret"+rest), "secret", "private")
		}
	}
	w.shows(w.page("ann", "/acme/secret"), "export HF_TOKEN=")
}

// A browser that is signed in sends the password along with what other sites
// make it send.
func TestOtherSitesCanNotWrite(t *testing.T) {
	w := newWorld(t, nil)
	create := func(name string, header ...string) int {
		return w.do("", "POST", "/api/repos/create", wire.CreateRepo{Name: name}, header...).StatusCode
	}
	for _, c := range []struct {
		want   int
		header []string
	}{
		{http.StatusForbidden, []string{"Authorization", basic("hf_ann"), "Origin", "https://evil.example"}},
		{http.StatusForbidden, []string{"Authorization", basic("hf_ann"), "Sec-Fetch-Site", "cross-site"}},
		{http.StatusOK, []string{"Authorization", basic("hf_ann")}},
		{http.StatusOK, []string{"Authorization", "Bearer hf_ann", "Origin", "https://tool.example"}},
	} {
		if got := create(fmt.Sprintf("x%d-%d", c.want, len(c.header)), c.header...); got != c.want {
			t.Errorf("%v: %d, want %d", c.header, got, c.want)
		}
	}
}
