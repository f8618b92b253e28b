package markdown_test

import (
	"strings"
	"testing"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/yuin/goldmark"
	"longcat/internal/markdown"
)

func TestFence(t *testing.T) {
	for doc, want := range map[string]string{
		"a|```yaml|b|```|c":          ".###.",
		"~~~|```|~~~~|x":             "###.",
		"````|```|````|x":            "###.",
		"    ```|x":                  "..",
		"``` a`b|x":                  "..",
		"```|never closed":           "##",
		"   ```|x|   ```   |y":       "###.",
		"```|``` yaml is no end|```": "###",
	} {
		var fence markdown.Fence
		var got strings.Builder
		for line := range strings.SplitSeq(doc, "|") {
			if fence.Step(line) {
				got.WriteByte('#')
			} else {
				got.WriteByte('.')
			}
		}
		if !strings.HasPrefix(want, got.String()) || len(want) != got.Len() {
			t.Errorf("%q: %s, want %s", doc, got.String(), want)
		}
	}
}

func TestComment(t *testing.T) {
	for doc, want := range map[string]string{
		"<!-- a -->|b":      "#.",
		"<!--||b|  -->|c":   "####.",
		"text <!-- a|b":     "..",
		"    <!-- code|b":   "..",
		"   <!-- x|y -->|z": "##.",
		"<!-- never|closed": "##",
	} {
		var comment markdown.Comment
		var got strings.Builder
		for line := range strings.SplitSeq(doc, "|") {
			if comment.Step(line) {
				got.WriteByte('#')
			} else {
				got.WriteByte('.')
			}
		}
		if got.String() != want {
			t.Errorf("%q: %s, want %s", doc, got.String(), want)
		}
	}
}

// FuzzEscape: what is written as text, code or an address stays one.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"plain", "*a* <b> [c](d) `e` | \\", "``a`", "a\nb", "![x](javascript:1)", "https://e.com/a b<c>", "~~~", "# x", "&amp;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for name, line := range map[string]string{"text": "x " + markdown.Plain(s), "code": "x " + markdown.Code(s), "link": "x " + markdown.Link("y", s)} {
			source := []byte(line + "\n")
			doc := goldmark.New(goldmark.WithParserOptions(parser.WithAttribute())).Parser().Parse(text.NewReader(source))
			if doc.ChildCount() != 1 || doc.FirstChild().Kind() != ast.KindParagraph {
				t.Fatalf("%s of %q is more than a paragraph: %q", name, s, line)
			}
			for n := doc.FirstChild().FirstChild(); n != nil; n = n.NextSibling() {
				kind := n.Kind()
				good := kind == ast.KindText || name == "code" && kind == ast.KindCodeSpan || name == "link" && kind == ast.KindLink
				if !good {
					t.Errorf("%s of %q holds a %s: %q", name, s, kind, line)
				}
			}
		}
		block := markdown.Fenced("text", s)
		doc := goldmark.New().Parser().Parse(text.NewReader([]byte(block)))
		if doc.ChildCount() != 1 || doc.FirstChild().Kind() != ast.KindFencedCodeBlock {
			t.Errorf("%q is not one block of code: %q", s, block)
		}
	})
}
