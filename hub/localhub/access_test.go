package localhub_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestErrorAnswers(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/open", "public")
	w.create("ann/secret", "private")
	for _, name := range []string{"gated", "disabled"} {
		w.create("ann/"+name, "public")
		w.want(w.commit("ann", "ann/"+name, "main", header(""), fileLine("a.txt", "x")), 200)
	}
	id := func(name string) localhub.RepoID { return localhub.RepoID{Type: wire.Model, Name: name} }
	err := w.hub.Configure(id("ann/gated"), func(s *localhub.Settings) { s.Gated, s.Granted = "manual", []string{"rita"} })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.hub.Configure(id("ann/disabled"), func(s *localhub.Settings) { s.Disabled = true }); err != nil {
		t.Fatal(err)
	}
	const badLogin, badToken = "Invalid username or password.", "Invalid credentials in Authorization header"
	for _, c := range []struct {
		user, path    string
		status        int
		code, message string
	}{
		{"", "/ann/open/resolve/main/none", 404, "EntryNotFound", "Entry not found"},
		{"", "/api/models/ann/open/tree/main/none", 404, "EntryNotFound", `none does not exist on "main"`},
		{"", "/ann/open/resolve/none/x", 404, "RevisionNotFound", "Invalid rev id: none"},
		{"", "/api/models/ann/open/revision/none", 404, "RevisionNotFound", "Invalid rev id: none"},
		{"", "/api/models/ann/none", 401, "RepoNotFound", badLogin},
		{"bob", "/api/models/ann/none", 404, "RepoNotFound", "Repository not found"},
		{"", "/api/models/ann/secret", 401, "RepoNotFound", badLogin},
		{"bob", "/api/models/ann/secret", 404, "RepoNotFound", "Repository not found"},
		{"rita", "/ann/secret/resolve/main/.gitattributes", 404, "RepoNotFound", "Repository not found"},
		{"", "/ann/secret/resolve/main/.gitattributes", 401, "RepoNotFound", badLogin},
		{"", "/api/resolve-cache/models/ann/secret/main/.gitattributes", 401, "RepoNotFound", badLogin},
		{"wrong", "/api/models/ann/open", 401, "", badToken},
		{"wrong", "/api/whoami-v2", 401, "", badToken},
		{"", "/api/whoami-v2", 401, "", badLogin},
		{"bob", "/ann/gated/resolve/main/a.txt", 403, "GatedRepo", "Access to model ann/gated is restricted. You must have access to it and be authenticated to access it. Please log in."},
		{"bob", "/ann/disabled/resolve/main/a.txt", 403, "", "Access to this resource is disabled."},
		{"ann", "/api/models/ann/disabled", 403, "", "Access to this resource is disabled."},
	} {
		a := w.do(c.user, "GET", c.path, nil)
		if a.StatusCode != c.status || a.Header.Get("X-Error-Code") != c.code || a.Header.Get("X-Error-Message") != c.message ||
			decode[wire.Error](w, a).Error != c.message {
			t.Errorf("%q %s: %d %q %q %s", c.user, c.path, a.StatusCode, a.Header.Get("X-Error-Code"), a.Header.Get("X-Error-Message"), a.body)
		}
		if login := a.Header.Get("WWW-Authenticate"); (c.status == 401) != strings.HasPrefix(login, "Bearer ") {
			t.Errorf("%s: WWW-Authenticate %q", c.path, login)
		}
		head := w.do(c.user, "HEAD", c.path, nil)
		if head.StatusCode != c.status || head.Header.Get("X-Error-Message") != c.message || len(head.body) > 0 {
			t.Errorf("HEAD %s: %d %q", c.path, head.StatusCode, head.Header.Get("X-Error-Message"))
		}
	}
	for _, who := range []string{"ann", "rita"} {
		if a := w.do(who, "GET", "/ann/gated/resolve/main/a.txt", nil); a.StatusCode != 307 {
			t.Errorf("%s does not get through the gate: %d", who, a.StatusCode)
		}
	}
	a := w.want(w.do("bob", "GET", "/api/models/ann/gated", nil), 200)
	if decode[wire.RepoInfo](w, a).Gated != "manual" {
		t.Error("the gate does not show")
	}
}

func TestWhoAmI(t *testing.T) {
	w := newWorld(t, nil)
	me := decode[wire.WhoAmI](w, w.want(w.do("ann", "GET", "/api/whoami-v2", nil), 200))
	if me.Name != "ann" || me.Type != "user" || len(me.Orgs) != 1 || me.Orgs[0].Name != "acme" || me.Auth.AccessToken.Role != "write" {
		t.Errorf("%+v", me)
	}
	if me = decode[wire.WhoAmI](w, w.do("rita", "GET", "/api/whoami-v2", nil)); me.Auth.AccessToken.Role != "read" {
		t.Errorf("%+v", me)
	}
	req := w.do("", "GET", "/api/whoami-v2", nil, "Authorization", "Basic YW5uOmhmX2Fubg==") // ann:hf_ann, as git sends it
	w.want(req, 200)
	w.want(w.do("", "GET", "/api/whoami-v2", nil, "Authorization", "Digest x"), 401)
}

func TestWritingNeedsRoleAndNamespace(t *testing.T) {
	w := newWorld(t, nil)
	w.create("acme/model", "private")
	for _, c := range []struct {
		user           string
		commit, create int
	}{{"ann", 200, 200}, {"rita", 403, 403}, {"bob", 404, 403}, {"", 401, 401}} {
		if a := w.commit(c.user, "acme/model", "main", header(""), fileLine("x.txt", "x")); a.StatusCode != c.commit {
			t.Errorf("commit by %q: %d %s", c.user, a.StatusCode, a.body)
		}
		if a := w.do(c.user, "POST", "/api/repos/create", wire.CreateRepo{Name: "new", Organization: "acme"}); a.StatusCode != c.create {
			t.Errorf("create by %q: %d %s", c.user, a.StatusCode, a.body)
		}
	}
	w.want(w.do("rita", "GET", "/api/models/acme/model", nil), 200)
	w.want(w.do("rita", "GET", "/api/models/acme/model/auth-check", nil), 200)
	w.want(w.do("rita", "GET", "/api/models/acme/model/auth-check/write", nil), 403)
	w.want(w.do("bob", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "model", Organization: "acme"}), 404)
	w.want(w.do("rita", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "model", Organization: "acme"}), 403)

	all := newWorld(t, func(o *localhub.Options) { o.AnyNamespace = true })
	all.want(all.do("bob", "POST", "/api/repos/create", wire.CreateRepo{Name: "x", Organization: "anybody", Visibility: "private"}), 200)
	all.want(all.commit("ann", "anybody/x", "main", header(""), fileLine("x.txt", "x")), 200)
}

// A large file that is in somebody's private repo is as unknown to others as
// one that is nowhere.
func TestPrivateObjectsDoNotLeak(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/secret", "private")
	secret := blob(5000, 1)
	w.upload("ann", "ann/secret", secret)
	w.want(w.commit("ann", "ann/secret", "main", header(""), lfsLine("m.bin", secret)), 200)

	w.want(w.do("bob", "POST", "/api/repos/create", wire.CreateRepo{Name: "mine"}), 200)
	claim := func() answer { return w.commit("bob", "bob/mine", "main", header(""), lfsLine("m.bin", secret)) }
	o := w.batch("bob", "bob/mine", secret)
	if o.Actions["upload"] == nil {
		t.Fatal("the batch tells that the object is there")
	}
	nowhere := lfsLine("m.bin", blob(5000, 2))
	refused, unknown := w.want(claim(), 400), w.want(w.commit("bob", "bob/mine", "main", header(""), nowhere), 400)
	if got, want := string(refused.body), strings.ReplaceAll(string(unknown.body), sha(blob(5000, 2)), sha(secret)); got != want {
		t.Errorf("the commit tells that the object is there: %s, and not %s", got, want)
	}
	w.want(w.do("bob", "POST", o.Actions["verify"].Href, wire.LFSObject{OID: sha(secret), Size: 5000}), 404)

	// Sent to a public repo but in no commit: known to the sender only.
	pending := blob(5000, 3)
	w.create("ann/open", "public")
	w.upload("ann", "ann/open", pending)
	if w.batch("bob", "ann/open", pending).Actions == nil {
		t.Error("an object that ann has not committed is known to bob")
	}
	// In a public repo's commit: known to all.
	w.want(w.commit("ann", "ann/open", "main", header(""), lfsLine("m.bin", pending)), 200)
	if w.batch("bob", "bob/mine", pending).Actions != nil {
		t.Error("an object of a public repo is asked for again")
	}
	w.want(w.commit("bob", "bob/mine", "main", header(""), lfsLine("p.bin", pending)), 200)

	w.want(w.do("", "PUT", o.Actions["upload"].Href, secret), 200) // bob has it after all
	w.want(claim(), 200)
	if !bytes.Equal(w.get("bob", "bob/mine", "main", "m.bin"), secret) {
		t.Error("content came back changed")
	}
}

func TestRateLimit(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.RateQuota = 3 })
	ask := func(user, path string) answer { return w.do(user, "GET", path, nil) }
	for i, want := range []string{`"api";r=2;t=300`, `"api";r=1;t=300`, `"api";r=0;t=290`} {
		if i == 2 {
			w.clock.advance(10 * time.Second)
		}
		a := ask("", "/api/models")
		if got := a.Header.Get("RateLimit"); got != want || a.Header.Get("RateLimit-Policy") != `"fixed window";"api";q=3;w=300` {
			t.Errorf("request %d: RateLimit %s, policy %s", i, got, a.Header.Get("RateLimit-Policy"))
		}
	}
	if a := w.want(ask("", "/api/models"), 429); a.Header.Get("RateLimit") != `"api";r=0;t=290` {
		t.Errorf("RateLimit %s", a.Header.Get("RateLimit"))
	}
	w.want(ask("ann", "/api/models"), 200)            // another caller
	w.want(ask("", "/ann/model/resolve/main/x"), 401) // another bucket
	w.clock.advance(290 * time.Second)                // another window
	w.want(ask("", "/api/models"), 200)

	free := newWorld(t, nil)
	for range 5 {
		a := free.want(free.do("ann", "GET", "/api/models", nil), 200)
		if a.Header.Get("RateLimit") != `"api";r=1000;t=300` || a.Header.Get(wire.HeaderRequestID) == "" {
			t.Errorf("headers %v", a.Header)
		}
	}
}
