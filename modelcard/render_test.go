package modelcard_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"longcat/modelcard"
)

// unsafeHTML says what of a page would run, load or look like the page itself;
// "" when nothing does.
func unsafeHTML(page []byte) string {
	z := html.NewTokenizer(strings.NewReader(string(page)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return ""
		case html.CommentToken, html.DoctypeToken:
			return "a comment or doctype"
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "form", "base", "meta", "link", "svg", "math", "template", "button"}, token.Data) {
				return "element " + token.Data
			}
			for _, a := range token.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "srcset" || a.Key == "formaction" {
					return "attribute " + a.Key
				}
				if a.Key == "href" || a.Key == "src" || a.Key == "cite" {
					u, err := url.Parse(a.Val)
					if err != nil || !slices.Contains([]string{"", "http", "https", "mailto"}, u.Scheme) {
						return "address " + a.Val
					}
				}
			}
		}
	}
}

func TestRenderHTMLHostile(t *testing.T) {
	for _, markdown := range []string{
		"<script>alert(1)</script>", "<SCRIPT SRC=//x>", "[x](javascript:alert(1))", "[x](  JaVaScRiPt:alert(1))",
		"[x](java\tscript:alert(1))", "<javascript:alert(1)>", "<a href='&#106;avascript:alert(1)'>x</a>",
		"<img src=x onerror=alert(1)>", "![x](data:text/html;base64,PHNjcmlwdD4=)", "<iframe src=//x></iframe>",
		"<svg onload=alert(1)>", "<style>body{display:none}</style>", "<p style='position:fixed'>x", "<form action=//x><input name=a>",
		"<base href=//x>", "<meta http-equiv=refresh content=0>", "[x]: javascript:alert(1)\n\n[x]", "<a href=\"vbscript:x\">x</a>",
		"```\"><script>alert(1)</script>\nx\n```", "# <img src=x onerror=alert(1)>", "|<script>|\n|-|\n|x|", "<!-- --><script>x</script><!-- -->",
	} {
		page, err := modelcard.RenderHTML([]byte(markdown), "/a/b/resolve/main/")
		if err != nil {
			t.Fatal(err)
		}
		if bad := unsafeHTML(page); bad != "" {
			t.Errorf("%q: %s in %q", markdown, bad, page)
		}
	}
}

func TestRenderHTML(t *testing.T) {
	const base = "/a/b/resolve/main/"
	for _, tc := range []struct{ markdown, want string }{
		{"---\nlicense: mit\n---\n# Cat & dog\n", "<h1 id=\"cat--dog\">Cat &amp; dog</h1>\n"},
		{"![a; \"b\"](./x.svg)", `<p><img src="/a/b/resolve/main/x.svg" alt="a; &#34;b&#34;"></p>` + "\n"},
		{"<img src=\"x.png\" width=\"10\">", `<img src="/a/b/resolve/main/x.png" width="10">`},
		{"[x](LICENSE) [y](#z) [w](/root)", `<p><a href="/a/b/resolve/main/LICENSE" rel="nofollow">x</a> <a href="#z" rel="nofollow">y</a> <a href="/root" rel="nofollow">w</a></p>` + "\n"},
		{"![x](https://example.com/x.png)", `<p><img src="https://example.com/x.png" alt="x"></p>` + "\n"},
		{"```python\nx < 1\n```", "<pre><code class=\"language-python\">x &lt; 1\n</code></pre>\n"},
		{"- [x] done", "<ul>\n<li><input checked=\"\" disabled=\"\" type=\"checkbox\"> done</li>\n</ul>\n"},
		{"|a|\n|--:|\n|1|", "<table>\n<thead>\n<tr>\n<th align=\"right\">a</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td align=\"right\">1</td>\n</tr>\n</tbody>\n</table>\n"},
		{"<p align=\"center\">x</p>", "<p align=\"center\">x</p>"},
	} {
		got, err := modelcard.RenderHTML([]byte(tc.markdown), base)
		if d := cmp.Diff(tc.want, string(got)); err != nil || d != "" {
			t.Errorf("%q: %v (-want +got):\n%s", tc.markdown, err, d)
		}
	}
	if _, err := modelcard.RenderHTML(make([]byte, 11<<20), ""); err == nil {
		t.Error("11 MB are rendered")
	}
}

func TestRenderText(t *testing.T) {
	const readme = "---\nlicense: mit\n---\n# Cat **deluxe**\n\nA long cat walks, `really`, to [the site](https://example.com/a) and [here](#x).  \nThen <br>sleeps\x1b[31m &amp; purrs.\n\n" +
		"<p align=center>Some <b>HTML</b> &lt;here&gt;</p>\n\n1. one\n2. two\n   - three, which is much too long for a single line\n\n> quoted\n\n```sh\nls -l\n```\n\n" +
		"| Name | Size |\n|---|--:|\n| 猫 | 1 |\n| [dog](https://example.com) | 22 |\n\n![a cat](cat.png)\n\n---\n\n- [x] done\n"
	plain, err := modelcard.RenderText([]byte(readme), modelcard.TextOptions{Width: 40})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/golden/text.txt", []byte(plain))
	styled, err := modelcard.RenderText([]byte(readme), modelcard.TextOptions{ANSI: true})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/golden/text.ansi", []byte(styled))
}

func TestRenderTextNarrow(t *testing.T) {
	f := two()
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	for width := range 100 {
		if _, err := modelcard.RenderText(readme, modelcard.TextOptions{Width: width}); err != nil {
			t.Error(width, err)
		}
	}
}

// TestRenderBounded renders what makes Markdown parsers take minutes: without
// the bounds the links alone run into the test's time limit.
func TestRenderBounded(t *testing.T) {
	for name, markdown := range map[string]string{
		"links":      strings.Repeat("[a](", 1<<20),
		"references": strings.Repeat("[a]: x\n", 1<<13) + strings.Repeat("[a] ", 1<<13),
		"quotations": strings.Repeat(">", 1<<16),
		"lists":      strings.Repeat("- ", 1<<15),
		"emphasis":   strings.Repeat("*a_ ", 1<<17),
		"cells":      "|" + strings.Repeat("a|", 800) + "\n|" + strings.Repeat("-|", 800) + "\n" + strings.Repeat("|\n", 70_000),
		"tables":     strings.Repeat("|a|b|\n|-|-|\n"+strings.Repeat("|\n", 500)+"\n", 1000),
	} {
		if page, err := modelcard.RenderHTML([]byte(markdown), ""); err != nil || len(page) == 0 {
			t.Errorf("%s: %d bytes, %v", name, len(page), err)
		}
	}
}
