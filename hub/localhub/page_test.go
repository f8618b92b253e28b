package localhub_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// browserAccept is what browsers send for a page.
const browserAccept = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"

// page asks for a page as a browser does. user is sent as browsers do it: as
// the password of Basic.
func (w *world) page(user, path string) answer {
	w.Helper()
	header := []string{"Accept", browserAccept}
	if user != "" {
		header = append(header, "Authorization", basic("hf_"+user))
	}
	return w.do("", "GET", path, nil, header...)
}

func basic(password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+password))
}

// shows fails the test unless a page is well and has all the texts.
func (w *world) shows(a answer, texts ...string) string {
	w.Helper()
	w.want(a, 200)
	body := string(a.body)
	for _, text := range texts {
		if !strings.Contains(body, text) {
			_, content, _ := strings.Cut(body, "<main")
			w.Errorf("%s does not show %q:\n%s", a.Request.URL.Path, text, content)
		}
	}
	return body
}

func (w *world) lacks(a answer, texts ...string) {
	w.Helper()
	for _, text := range texts {
		if strings.Contains(string(a.body), text) {
			w.Errorf("%s shows %q:\n%s", a.Request.URL.Path, text, a.body)
		}
	}
}

// rendered is a renderer that shows what it was given.
func rendered(o *localhub.Options) {
	o.Render = func(readme []byte, base string) ([]byte, error) {
		_, text, _ := strings.Cut(string(readme), "---\n\n")
		return fmt.Appendf(nil, "<p>%s behind %s</p>", text, base), nil
	}
}

func TestListPage(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/open", "public")
	w.create("acme/secret", "private")
	w.want(w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Type: "dataset", Name: "rows"}), 200)

	a := w.page("", "/")
	w.shows(a, `href="/ann/open"`, `href="/datasets/ann/rows"`, `href="/?signin=1"`, "1.6 kB", "22 Sep 2026", "2, by last change")
	w.lacks(a, "secret")
	w.lacks(w.page("", "/?search=secret"), `href="/acme/secret"`)
	w.shows(w.page("ann", "/"), `href="/acme/secret"`, "private", "Signed in as <b>ann</b>")
	w.lacks(w.page("bob", "/"), "secret")
	if a := w.want(w.page("wrong", "/"), 401); !strings.Contains(string(a.body), "does not know that token") || !strings.HasPrefix(a.Header.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("a wrong password: %v %s", a.Header, a.body)
	}

	models := w.page("", "/models?search=OPE")
	w.shows(models, `href="/ann/open"`, `value="OPE"`, `action="/models"`)
	w.lacks(models, "ann/rows")
	w.lacks(w.page("", "/datasets"), "ann/open")
	w.shows(w.page("", "/spaces"), "Nothing here yet")

	ask := w.want(w.page("", "/?signin=1"), 401)
	if !strings.HasPrefix(ask.Header.Get("WWW-Authenticate"), `Basic realm="longcat"`) {
		t.Errorf("nothing makes the browser ask: %v", ask.Header)
	}
	w.shows(w.page("ann", "/?signin=1"), "secret")
}

func TestListPageInParts(t *testing.T) {
	w := newWorld(t, nil)
	for i := range 51 {
		w.create(fmt.Sprintf("ann/model-%02d", i), "public")
	}
	first := w.shows(w.page("", "/models?search=model"), "model-49", `href="/models?cursor=50&amp;search=model"`)
	if strings.Contains(first, "model-50") {
		t.Error("the first page does not end")
	}
	second := w.page("", "/models?cursor=50&search=model")
	w.shows(second, "model-50", `href="/models?search=model"`)
	w.lacks(second, "model-49", "cursor=100")
	w.shows(w.page("", "/models?cursor=-1"), "model-00")
}

func TestCardPage(t *testing.T) {
	w := newWorld(t, rendered)
	for _, name := range []string{"ann/base", "ann/merge", "ann/bare"} {
		w.create(name, "public")
	}
	w.create("ann/secret", "private")
	weights := safetensors(t, `{"a":{"dtype":"BF16","shape":[1000,1200],"data_offsets":[0,2400000]},"__metadata__":{"format":"pt"}}`, 2_400_000)
	w.upload("ann", "ann/merge", weights)
	w.want(w.commit("ann", "ann/merge", "main", header(""), lfsLine("model.safetensors", weights), fileLine("LICENSE", "text"), fileLine("layer-map.svg", "<svg/>"),
		fileLine("README.md", "---\nlicense: other\nlicense_name: mine\nlicense_link: LICENSE\nbase_model: [ann/base, ann/secret, else/where]\nbase_model_relation: merge\ntags: [frankenmerge]\npipeline_tag: text-generation\n---\n\nwords")), 200)
	head := w.head("", "ann/merge", "main")

	a := w.page("", "/ann/merge")
	w.shows(a, "<p>words behind /ann/merge/resolve/"+head+"/</p>", `<img src="/ann/merge/resolve/`+head+`/layer-map.svg"`,
		`<a href="/ann/merge/blob/main/LICENSE">mine</a>`, `<a href="/ann/base">ann/base</a>`, "ann/secret, else/where", "(merge)",
		"frankenmerge", "text-generation", "1.2M", "2.4 MB", "in 1 file",
		"export HF_ENDPOINT="+w.url, "hf download ann/merge", "longcat download ann/merge", `href="/ann/merge/tree/main"`, `href="/ann/merge/commits/main"`)
	w.lacks(a, `href="/ann/secret"`, `href="/else/where"`)
	w.shows(w.page("ann", "/ann/merge"), `<a href="/ann/secret">ann/secret</a>`)
	w.shows(w.page("", "/ann/bare"), "This repo has no card")

	w.want(w.commit("ann", "ann/merge", "main", header(""), fileLine("README.md", "---\n{}\n---\n\n<img src='layer-map.svg'>")), 200)
	if n := strings.Count(string(w.page("", "/ann/merge").body), "layer-map.svg"); n != 1 {
		t.Errorf("the layer map is there %d times", n)
	}
	w.want(w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Type: "dataset", Name: "rows"}), 200)
	w.shows(w.page("", "/datasets/ann/rows"), "hf download ann/rows --repo-type dataset")
}

func TestCardPageWithoutRenderer(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("README.md", "# <b>words</b>")), 200)
	w.shows(w.page("", "/ann/model"), "# &lt;b&gt;words&lt;/b&gt;")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("README.md", strings.Repeat("long\n", 20_000))), 200)
	w.shows(w.page("", "/ann/model"), "too long to be shown here")

	broken := newWorld(t, func(o *localhub.Options) {
		o.Render = func([]byte, string) ([]byte, error) { return nil, fmt.Errorf("too large") }
	})
	broken.create("ann/model", "public")
	broken.want(broken.commit("ann", "ann/model", "main", header(""), fileLine("README.md", "# words")), 200)
	broken.shows(broken.page("", "/ann/model"), "too long to be shown here")
}

// What can be wide must be in reach of the keyboard; nothing but tags is touched.
func TestCardsCanBeScrolled(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) {
		o.Render = func([]byte, string) ([]byte, error) {
			return []byte(`<pre>code &lt;pre&gt;</pre><table><tr><td>x</td></tr></table>`), nil
		}
	})
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("README.md", "x")), 200)
	w.shows(w.page("", "/ann/model"), `<pre tabindex="0">code &lt;pre&gt;</pre><div class="wide-table" tabindex="0"><table><tr><td>x</td></tr></table></div>`)
}

// safetensors is a file with this header and size bytes behind it.
func safetensors(t *testing.T, header string, size int) []byte {
	t.Helper()
	n := len(header)
	b := []byte{byte(n), byte(n >> 8), 0, 0, 0, 0, 0, 0}
	return append(append(b, header...), make([]byte, size)...)
}

func TestParametersOfHostileHeaders(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	const big = `"dtype":"BF16","shape":[4611686018427387904]`
	for name, content := range map[string][]byte{
		"overflow":  safetensors(t, `{"a":{"dtype":"BF16","shape":[4294967296,4294967296]}}`, 0),
		"sum":       safetensors(t, `{"a":{`+big+`},"b":{`+big+`}}`, 0),
		"negative":  safetensors(t, `{"a":{"dtype":"BF16","shape":[-5]}}`, 0),
		"no json":   safetensors(t, `{`, 0),
		"too long":  {255, 255, 255, 255, 255, 255, 255, 255},
		"too short": {9, 0, 0, 0, 0, 0, 0, 0, '{'},
		"cut":       {9, 0},
	} {
		w.upload("ann", "ann/model", content)
		w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("model.safetensors", content)), 200)
		a := w.page("", "/ann/model")
		w.shows(a, "Weights")
		if strings.Contains(string(a.body), "Parameters") {
			t.Errorf("%s: parameters are shown", name)
		}
	}
}

func TestGatedPages(t *testing.T) {
	w := newWorld(t, rendered)
	w.create("ann/gated", "public")
	w.want(w.commit("ann", "ann/gated", "main", header(""), fileLine("README.md", "---\n{}\n---\n\nwords"), fileLine("layer-map.svg", "<svg/>"), fileLine("a.txt", "for members")), 200)
	err := w.hub.Configure(localhub.RepoID{Type: wire.Model, Name: "ann/gated"}, func(s *localhub.Settings) { s.Gated = "manual" })
	if err != nil {
		t.Fatal(err)
	}
	a := w.page("bob", "/ann/gated")
	w.shows(a, "is restricted", "gated")
	w.lacks(a, "words", "layer-map.svg")
	w.shows(w.page("bob", "/ann/gated/tree/main"), "a.txt")
	w.lacks(w.want(w.page("bob", "/ann/gated/blob/main/a.txt"), 403), "for members")
	w.shows(w.page("ann", "/ann/gated"), "words")
}

func TestPageHeaders(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	for _, path := range []string{"/", "/ann/model", "/ann/model/tree/main", "/ann/none"} {
		a := w.page("", path)
		for name, want := range map[string]string{
			"Content-Type":            "text/html; charset=utf-8",
			"Content-Security-Policy": "default-src 'none'; img-src 'self' https: data:; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"Referrer-Policy":         "no-referrer",
			"Cache-Control":           "private, no-cache",
			"Vary":                    "Accept, Authorization",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
		if !strings.HasPrefix(a.Header.Get("RateLimit"), `"pages";`) {
			t.Errorf("%s: RateLimit is %q", path, a.Header.Get("RateLimit"))
		}
		head := w.do("", "HEAD", path, nil, "Accept", browserAccept)
		if head.StatusCode != a.StatusCode || len(head.body) > 0 || head.Header.Get("Content-Length") != a.Header.Get("Content-Length") {
			t.Errorf("HEAD %s: %d %v", path, head.StatusCode, head.Header)
		}
	}
	body := string(w.page("", "/").body)
	_, style, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
	style, _, _ = strings.Cut(style, `"`)
	a := w.want(w.do("", "GET", style, nil), 200)
	if a.Header.Get("Content-Type") != "text/css; charset=utf-8" || len(a.body) == 0 {
		t.Errorf("%s: %v", style, a.Header)
	}
	w.want(w.do("", "GET", style, nil, "If-None-Match", a.Header.Get("ETag")), http.StatusNotModified)
	w.want(w.do("", "GET", "/-/style.css/x", nil), 404)
}

func TestPagesHaveAQuota(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.RateQuota = 2 })
	for range 2 {
		w.want(w.page("", "/"), 200)
	}
	w.lacks(w.want(w.page("", "/"), 429), `{"error"`)
	w.want(w.do("", "GET", "/api/models", nil), 200)
}
