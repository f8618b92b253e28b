package modelcard

import (
	"bytes"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"

	"longcat/internal/frontmatter"
	"longcat/internal/limits"
	"longcat/internal/markdown"
)

// maxRendered bounds the Markdown that is rendered, in bytes: what a Hub stores
// as a card at all.
const maxRendered = limits.Card

// dialect is the Hub's dialect: GitHub's, with raw HTML in it.
var dialect = goldmark.New(
	goldmark.WithExtensions(
		// Alignment as an attribute: the sanitizer lets no style through.
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
		extension.Strikethrough, extension.Linkify, extension.TaskList, extension.Footnote,
	),
	goldmark.WithParserOptions(parser.WithAutoHeadingID()),
	goldmark.WithRendererOptions(html.WithUnsafe()), // RenderHTML sanitises all of it
)

// RenderHTML turns a README.md, without its front matter, into HTML that is
// safe to put into a page: scripts, event handlers, styles, frames, forms and
// addresses other than http, https, mailto and relative ones are gone, from
// Markdown and raw HTML alike. Relative addresses of links and pictures are put
// behind base, such as "/user/repo/resolve/main/"; links within the page stay.
// Code blocks keep the class "language-…" for the page's style.
func RenderHTML(readme []byte, base string) ([]byte, error) {
	source := frontmatter.Locate(readme)
	body := source.Body()
	if len(body) > maxRendered {
		return nil, fmt.Errorf("rendering card: %d bytes; more than %d are not rendered", len(body), maxRendered)
	}
	body = bounded(body)
	doc := dialect.Parser().Parse(text.NewReader(body))
	if base != "" {
		rebase(doc, base)
	}
	var out bytes.Buffer
	if err := dialect.Renderer().Render(&out, body, doc); err != nil {
		return nil, fmt.Errorf("rendering card: %w", err)
	}
	return sanitizer(base).SanitizeBytes(out.Bytes()), nil
}

// The parser's time grows with the square of how deep quotations and lists go
// and of how many brackets and marks of emphasis a paragraph has, and a table
// has a cell in each column of each row, whatever the row says. Nobody writes
// that many.
const (
	maxNesting    = 32
	maxBrackets   = 5000
	maxMarks      = 10_000
	maxTableCells = 100_000 // of all tables
)

var (
	nesting   = regexp.MustCompile(`^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t]))+`)
	delimiter = regexp.MustCompile(`^[ \t>]*[|:-][ \t|:-]*$`) // the second row of a table
	marks     = strings.NewReplacer("*", "&#42;", "_", "&#95;", "~", "&#126;")
)

// bounded is the body with what goes beyond these bounds made plain text.
func bounded(body []byte) []byte {
	var out bytes.Buffer
	var fence markdown.Fence
	brackets, emphasis := 0, 0
	columns, cells := 0, 0
	for row := range bytes.Lines(body) {
		if head := nesting.Find(row); len(head) > maxNesting {
			out.Write(head[:maxNesting])
			row = row[len(head):]
		}
		switch line := strings.TrimRight(string(row), " \t\r\n"); {
		case line == "", fence.Step(line):
			brackets, emphasis, columns = 0, 0, 0
		default:
			if n := strings.Count(line, "|"); n > 0 && strings.Contains(line, "-") && delimiter.MatchString(line) {
				columns = max(columns, n+1)
			}
			if cells += columns; cells > maxTableCells && columns > 0 {
				out.WriteByte('\n') // the table ends here
				row, columns = bytes.ReplaceAll(row, []byte("|"), []byte("&#124;")), 0
			}
			if brackets += strings.Count(line, "["); brackets > maxBrackets {
				row = bytes.ReplaceAll(row, []byte("["), []byte("&#91;"))
			}
			if emphasis += strings.Count(line, "*") + strings.Count(line, "_") + strings.Count(line, "~"); emphasis > maxMarks {
				row = []byte(marks.Replace(string(row)))
			}
		}
		out.Write(row)
	}
	return out.Bytes()
}

// rebase puts the relative addresses of Markdown links behind base. Pictures
// are left to the sanitizer, which sees those of raw HTML too.
func rebase(doc ast.Node, base string) {
	// The walk never fails: nothing in it does.
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if a, ok := n.(*ast.Link); ok && entering {
			a.Destination = []byte(behind(base, string(a.Destination)))
		}
		return ast.WalkContinue, nil
	})
}

// behind is address, behind base when it is relative and no "#part".
func behind(base, address string) string {
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" || strings.HasPrefix(u.Path, "/") {
		return address
	}
	return base + strings.TrimPrefix(address, "./")
}

func sanitizer(base string) *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowAttrs("class").Matching(regexp.MustCompile(`^language-[A-Za-z0-9_+.-]+$`)).OnElements("code")
	p.AllowAttrs("align").Matching(regexp.MustCompile(`(?i)^(left|right|center|justify)$`)).OnElements("div", "p", "h1", "h2", "h3", "img", "td", "th")
	// Any words: bluemonday's own rule drops whole descriptions for a semicolon.
	p.AllowAttrs("alt").OnElements("img")
	// Task lists: boxes that can not be clicked.
	p.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	p.AllowAttrs("checked", "disabled").Matching(regexp.MustCompile(`^$`)).OnElements("input")
	if base != "" {
		p.RewriteSrc(func(u *url.URL) {
			if moved, err := url.Parse(behind(base, u.String())); err == nil {
				*u = *moved
			}
		})
	}
	return p
}
