package localhub_test

import (
	"io/fs"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

const tokenFile = `
- name: zoe
  token: sha256:` + "%s" + `
  role: write
  namespaces: [acme]
- name: yan
  token: sha256:` + "%s" + `
  role: read
  namespaces: ["*"]
`

func TestTokenFile(t *testing.T) {
	list, err := localhub.ParseTokens(strings.NewReader(strings.Replace(strings.Replace(tokenFile, "%s", sha([]byte("hf_zoe")), 1), "%s", sha([]byte("hf_yan")), 1)))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, nil)
	w.create("acme/secret", "private")
	for _, user := range []string{"zoe", "yan"} {
		w.want(w.do(user, "GET", "/api/whoami-v2", nil), 401)
	}
	if err := w.hub.SetTokens(list); err != nil {
		t.Fatal(err)
	}
	w.want(w.do("ann", "GET", "/api/whoami-v2", nil), 401) // not in the file
	for _, user := range []string{"zoe", "yan"} {
		w.want(w.do(user, "GET", "/api/models/acme/secret", nil), 200)
	}
	w.want(w.commit("zoe", "acme/secret", "main", header(""), fileLine("a", "1")), 200)
	w.want(w.commit("yan", "acme/secret", "main", header(""), fileLine("a", "1")), 403)
	w.want(w.do("zoe", "POST", "/api/repos/create", wire.CreateRepo{Name: "x", Organization: "other"}), 403)

	for name, text := range map[string]string{
		"a secret":     "- {name: a, token: hf_secret, role: read}",
		"no role":      "- {name: a, token: 'sha256:" + sha(nil) + "'}",
		"short hash":   "- {name: a, token: 'sha256:abc', role: read}",
		"odd name":     "- {name: a/b, token: 'sha256:" + sha(nil) + "', role: read}",
		"unknown key":  "- {name: a, token: 'sha256:" + sha(nil) + "', role: read, admin: true}",
		"no list":      "name: a",
		"empty tokens": "- {name: a, role: read}",
	} {
		_, err := localhub.ParseTokens(strings.NewReader(text))
		if err == nil || strings.Contains(err.Error(), "hf_secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := localhub.ParseTokens(strings.NewReader("")); err != nil || len(list) != 0 {
		t.Errorf("an empty file: %v, %v", list, err)
	}
}

// Behind a proxy with a path, whether it takes the path off or not, all
// addresses are the public ones.
func TestPublicPrefix(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.PublicURL, o.CDN = "https://hub.example.org/our/hub/", "" })
	w.create("ann/model", "public")
	content := blob(3000, 1)
	w.uploadThrough("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content), fileLine("a.txt", "1"), fileLine("README.md", "# words\n[x](/root) [y](//other.example)")), 200)
	const public = "https://hub.example.org/our/hub"
	for _, prefix := range []string{"", "/our/hub"} {
		a := w.want(w.do("", "GET", prefix+"/ann/model/resolve/main/a.txt", nil), 307)
		if got := a.Header.Get("Location"); !strings.HasPrefix(got, "/our/hub/api/resolve-cache/models/ann/model/") {
			t.Errorf("%q leads to %s", prefix, got)
		}
		w.want(w.do("", "GET", a.Header.Get("Location"), nil), 200)
		a = w.want(w.do("", "GET", prefix+"/ann/model/resolve/main/m.bin", nil), 302)
		location := a.Header.Get("Location")
		if !strings.HasPrefix(location, public+"/-/cdn/") || !strings.Contains(a.Header.Get("Link"), "<"+public+"/api/models/ann/model/xet-read-token/") {
			t.Errorf("%q leads to %s, %s", prefix, location, a.Header.Get("Link"))
		}
		w.want(w.do("", "GET", strings.TrimPrefix(location, public), nil), 200)
		body := w.shows(w.page("", prefix+"/ann/model"), `href="/our/hub/ann/model/tree/main"`, `href="/our/hub/-/style.css`, `href="/our/hub/"`, `action="/our/hub/models"`, "export HF_ENDPOINT="+public)
		for _, wrong := range []string{`href="/ann`, `href="/our/hub/our`, `src="/ann`, `/our/hub//`} {
			if strings.Contains(body, wrong) {
				t.Errorf("the page of %q has %s", prefix, wrong)
			}
		}
	}
	w.want(w.do("", "GET", "/our/hubx/ann/model/resolve/main/a.txt", nil), 404)
	for _, bad := range []string{"hub.example.org", "ftp://x", "https://a:b@x", "https://x/?q", "https://x/a b", "https://x/../y", "https:///x"} {
		if h, err := localhub.Open(t.TempDir(), localhub.Options{PublicURL: bad}); err == nil {
			h.Close()
			t.Errorf("%s is taken", bad)
		}
	}
}

// uploadThrough is upload where the addresses are of another host.
func (w *world) uploadThrough(user, repo string, content []byte) {
	w.Helper()
	href := w.batch(user, repo, content).Actions["upload"].Href
	_, path, _ := strings.Cut(href, "/our/hub")
	w.want(w.do("", "PUT", w.url+path, content), 200)
}

// names lists all that is below dir.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			fi, e := d.Info()
			list, err = append(list, path+" "+fi.ModTime().String()), e
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.create("ann/model", "public")
	content, chunks := blob(3000, 1), random(300_000, 2)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content), fileLine("a.txt", "1"), fileLine("README.md", "# words")), 200)
	w.sendXet("ann", "ann/model", data(chunks))
	w.close()
	before := strings.Join(names(t, dir), "\n")

	for range 2 { // two at a time
		r := openWorld(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
		if got := r.get("", "ann/model", "main", "m.bin"); string(got) != string(content) {
			t.Error("other content")
		}
		r.get("", "ann/model", "main", "a.txt")
		r.wantXet("", "ann/model", "0.bin", chunks)
		r.shows(r.page("", "/ann/model"), "words")
		r.want(r.do("", "POST", "/api/validate-yaml", map[string]string{"content": "---\na: " + strings.Repeat("x", 100_000) + "\n---\n"}), 200)
		for _, c := range []answer{
			r.commit("ann", "ann/model", "main", header(""), fileLine("b", "1")),
			r.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: "new"}),
			r.do("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "model"}),
			r.do("ann", "PUT", "/api/models/ann/model/settings", map[string]bool{"private": true}),
			r.do("ann", "GET", "/api/models/ann/model/xet-write-token/main", nil),
		} {
			if c.StatusCode != 403 || !strings.Contains(string(c.body), "read-only") {
				t.Errorf("%s %s: %d %s", c.Request.Method, c.Request.URL.Path, c.StatusCode, c.body)
			}
		}
		if a := r.want(r.do("", "GET", "/healthz", nil), 200); string(a.body) != "ok\n" {
			t.Errorf("%s", a.body)
		}
	}
	if after := strings.Join(names(t, dir), "\n"); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	if h, err := localhub.Open(t.TempDir(), localhub.Options{ReadOnly: true}); err == nil {
		h.Close()
		t.Error("an empty directory is served")
	}
}

func TestHealthByAnyName(t *testing.T) {
	w := newWorld(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), "GET", w.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "pod.cluster.local"
	resp, err := noFollow.Do(req)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
}
