package localhub_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestTreeAndBlobPages(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	large := blob(5000, 1)
	w.upload("ann", "ann/model", large)
	w.clock.advance(24 * time.Hour)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", large), fileLine("a/b/c.txt", "one\r\ntwo & <three>\n"), fileLine("a/d.txt", ""),
		fileLine("a/long.txt", strings.Repeat("x\n", 20_000)), fileLine("a/resolve/x.txt", "not a route")), 200)
	head := w.head("", "ann/model", "main")
	small := "9a6b701e673a207546a21d399accb6f98218298c" // git hash-object

	root := w.page("", "/ann/model/tree/main")
	w.shows(root, `href="/ann/model/tree/main/a"`, "4 files", `href="/ann/model/blob/main/m.bin"`, "5.0 kB", sha(large), "sha256",
		`href="/ann/model/resolve/`+head+`/m.bin"`, `href="/ann/model/commit/`+head+`"`, "a change", "23 Sep 2026", "6 files")
	w.lacks(root, "c.txt")
	deep := w.page("", "/ann/model/tree/main/a/b")
	w.shows(deep, small, `href="/ann/model/tree/main/a"`, `href="/ann/model/blob/main/a/b/c.txt"`, `<span aria-current="page">b</span>`)
	w.shows(w.page("", "/ann/model/tree"), "m.bin")

	text := w.page("", "/ann/model/blob/main/a/b/c.txt")
	w.shows(text, small, "<span id=\"L1\">one\n</span><span id=\"L2\">two &amp; &lt;three&gt;\n</span></code>", `href="/ann/model/resolve/`+head+`/a/b/c.txt" download`)
	w.shows(w.page("", "/ann/model/blob/main/a/resolve/x.txt"), "not a route")
	w.shows(w.page("", "/ann/model/blob/main/a/d.txt"), "Empty.")
	w.shows(w.page("", "/ann/model/blob/main/a/long.txt"), "Too long", "40.0 kB")
	w.shows(w.page("", "/ann/model/blob/main/m.bin"), "Not text", "SHA-256", sha(large))

	for from, to := range map[string]string{"tree/main/a/d.txt": "blob/main/a/d.txt", "blob/main/a/b": "tree/main/a/b"} {
		a := w.want(w.page("", "/ann/model/"+from), 302)
		if a.Header.Get("Location") != "/ann/model/"+to {
			t.Errorf("%s leads to %s", from, a.Header.Get("Location"))
		}
	}
	w.want(w.page("", "/ann/model/tree/main/none"), 404, wire.CodeEntryNotFound)
	w.want(w.page("", "/ann/model/blob/main/none"), 404, wire.CodeEntryNotFound)
	w.want(w.page("", "/ann/model/tree/none"), 404, wire.CodeRevisionNotFound)
}

func TestRevisionsOnPages(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a.txt", "old")), 200)
	w.want(w.do("ann", "POST", "/api/models/ann/model/tag/main", map[string]string{"tag": "v1"}), 200)
	w.want(w.do("ann", "POST", "/api/models/ann/model/branch/dev%2Fx", map[string]string{}), 200)
	w.want(w.commit("ann", "ann/model", "dev%2Fx", header(""), fileLine("a.txt", "new")), 200)
	w.shows(w.page("", "/ann/model/tree/main"), `href="/ann/model/tree/dev%2Fx"`, `href="/ann/model/tree/v1"`)
	w.shows(w.page("", "/ann/model/tree/dev%2Fx"), `href="/ann/model/blob/dev%2Fx/a.txt"`)
	w.shows(w.page("", "/ann/model/blob/dev%2Fx/a.txt"), ">new\n", `href="/ann/model/blob/v1/a.txt"`)
	w.shows(w.page("", "/ann/model/blob/v1/a.txt"), ">old\n")
}

func TestTreePageInParts(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	lines := []string{header("")}
	for i := range 501 {
		lines = append(lines, fileLine(fmt.Sprintf("d/%03d.txt", i), "x"))
	}
	w.want(w.commit("ann", "ann/model", "main", lines...), 200)
	first := w.page("", "/ann/model/tree/main/d")
	w.shows(first, "501 files", "499.txt", `href="/ann/model/tree/main/d?cursor=500"`)
	w.lacks(first, "500.txt")
	w.shows(w.page("", "/ann/model/tree/main/d?cursor=500"), "500.txt")
	w.shows(w.page("", "/ann/model/commit/main"), "501 added")
}

// Nothing that people upload or call things by becomes markup.
func TestHostileWords(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	const script, link, name = "<script>alert(1)</script>", "javascript:alert(1)", `"><img src=x onerror=alert(1)>.txt`
	say := line("header", wire.CommitHeader{Summary: script, Description: link + "\n" + script})
	card := "---\nlicense: " + link + "\nlicense_name: " + link + "\nlicense_link: " + link + "\nbase_model: ['" + script + "', '../../x']\ntags: ['" + script +
		"']\ndatasets: ['" + link + "']\npipeline_tag: '" + script + "'\n---\n" + script
	for _, query := range []string{"?create_pr=1", ""} {
		a := w.commit("ann", "ann/model", "main"+query, say, fileLine("README.md", script+query), fileLine(name, script), fileLine(link, script), fileLine("layer-map.svg", script))
		w.want(a, 200)
	}
	// No commit may hold such metadata; what is imported may.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(card), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.Import(t.Context(), localhub.RepoID{Type: wire.Model, Name: "ann/model"}, dir, localhub.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	w.want(w.do("ann", "POST", "/api/models/ann/model/tag/main", map[string]string{"tag": `"><script>`}), 200)
	markup := regexp.MustCompile(`(?i)<script|<img src="?x|\son[a-z]+="|(href|src|action)="\s*javascript:`)
	file := "/ann/model/blob/main/%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E.txt"
	for _, path := range []string{
		"/", "/?search=%22%3E%3Cscript%3E", "/models?search=%22+onfocus%3D%22x", "/ann/model", "/ann/model/tree/main", file, "/ann/model/blob/main/" + link,
		"/ann/model/blob/main/layer-map.svg", "/ann/model/commits/main", "/ann/model/commit/main", "/ann/model/discussions", "/ann/model/discussions/1",
		"/ann/model/tree/%22%3E%3Cscript%3E", "/ann/model/tree/main/%22%3E%3Cscript%3E", "/%22%3E%3Cscript%3E/x", "/ann/model/tree/none%22%3E%3Cscript%3E",
	} {
		a := w.page("", path)
		if found := markup.FindString(string(a.body)); found != "" || len(a.body) == 0 {
			t.Errorf("%s: %d with %q:\n%s", path, a.StatusCode, found, a.body)
		}
	}
	w.shows(w.page("", file), "&lt;script&gt;alert(1)&lt;/script&gt;")
}

// Browsers show pictures, and run nothing.
func TestPicturesAreServedAsSuch(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	const png, page = "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "<!doctype html><script>alert(1)</script>"
	const svg = `<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`
	large := append([]byte(png), blob(3000, 1)...)
	w.upload("ann", "ann/model", large)
	largePage := []byte(page + strings.Repeat(" ", 3000))
	w.upload("ann", "ann/model", largePage)
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a.png", png), fileLine("b.jpg", "\xff\xd8\xff\xe0"), fileLine("c.gif", "GIF89a\x00"),
		fileLine("d.webp", "RIFF\x00\x00\x00\x00WEBPVP8 "), fileLine("e.svg", svg), fileLine("f.html", page), fileLine("g.svg", "\x00\x01"), fileLine("h.js", "alert(1)"),
		lfsLine("large.png", large), lfsLine("large.html", largePage)), 200)
	head := w.head("", "ann/model", "main")
	for name, want := range map[string]string{
		"a.png": "image/png", "b.jpg": "image/jpeg", "c.gif": "image/gif", "d.webp": "image/webp", "e.svg": "image/svg+xml", "large.png": "image/png",
		"f.html": "text/plain; charset=utf-8", "g.svg": "application/octet-stream", "h.js": "text/plain; charset=utf-8", "large.html": "application/octet-stream",
	} {
		a := w.do("", "GET", "/ann/model/resolve/"+head+"/"+name, nil, "Accept", "image/avif,image/*,*/*;q=0.8")
		if a.StatusCode == 302 {
			a = w.do("", "GET", a.Header.Get("Location"), nil)
		}
		policy := "default-src 'none'; sandbox"
		if want == "image/svg+xml" {
			policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
		}
		if w.want(a, 200); a.Header.Get("Content-Type") != want || a.Header.Get("Content-Security-Policy") != policy || a.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, a.Header)
		}
		if shown := strings.Contains(string(w.page("", "/ann/model/blob/main/"+name).body), "<img "); shown != strings.HasPrefix(want, "image/") {
			t.Errorf("%s is shown as a picture: %v", name, shown)
		}
	}
}
