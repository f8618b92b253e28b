package modelcard

import (
	"fmt"
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/rivo/uniseg"
	"github.com/yuin/goldmark/ast"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"longcat/internal/frontmatter"
	"longcat/internal/plaintext"
)

// TextOptions say how RenderText lays a card out.
type TextOptions struct {
	Width int  // columns; 0 does not wrap
	ANSI  bool // whether to use bold, dim, italic and underlined text
}

// RenderText turns a README.md into text for a terminal: the front matter, then
// the body, wrapped. Control characters of the card never reach the terminal.
func RenderText(readme []byte, o TextOptions) (string, error) {
	card := frontmatter.Locate(readme)
	body := card.Body()
	if len(body) > maxRendered {
		return "", fmt.Errorf("rendering card: %d bytes; more than %d are not rendered", len(body), maxRendered)
	}
	body = bounded(body)
	p := &textPrinter{source: body, o: o}
	if card.HasFrontMatter() {
		for line := range strings.Lines(plaintext.Printable(string(card.YAML())) + "\n") {
			p.out.WriteString(p.styled(dim, strings.TrimRight(line, "\n")) + "\n")
		}
		p.out.WriteByte('\n')
	}
	p.blocks(dialect.Parser().Parse(text.NewReader(body)), "", "")
	return strings.TrimRight(p.out.String(), "\n") + "\n", nil
}

type textPrinter struct {
	source []byte
	o      TextOptions
	out    strings.Builder
}

func (p *textPrinter) styled(style, s string) string {
	if !p.o.ANSI || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

// put writes lines, the first after first, the others after rest.
func (p *textPrinter) put(lines []string, first, rest string) {
	for i, line := range lines {
		prefix := rest
		if i == 0 {
			prefix = first
		}
		p.out.WriteString(strings.TrimRight(prefix+line, " ") + "\n")
	}
}

// blocks writes the blocks within n. The first line of the first one begins
// with first: a list's bullet.
func (p *textPrinter) blocks(n ast.Node, first, rest string) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		before := p.out.Len()
		p.block(child, first, rest)
		if p.out.Len() == before {
			continue
		}
		first = rest
		if _, tight := child.(*ast.TextBlock); !tight && child.NextSibling() != nil {
			p.out.WriteString(strings.TrimRight(rest, " ") + "\n")
		}
	}
}

func (p *textPrinter) block(n ast.Node, first, rest string) {
	switch n := n.(type) {
	case *ast.Heading:
		l := p.newWords()
		style := bold
		if n.Level == 1 {
			style = bold + ";" + underline
		}
		l.in(style, func() { p.inline(n, l) })
		p.put(l.lines(p.room(rest)), first, rest)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		var lines []string
		for line := range strings.Lines(plaintext.Printable(string(n.Lines().Value(p.source)))) {
			lines = append(lines, "    "+p.styled(dim, strings.TrimRight(line, "\n")))
		}
		p.put(lines, first, rest)
	case *ast.HTMLBlock:
		l := p.newWords()
		l.add(withoutTags(string(n.Lines().Value(p.source))))
		p.put(l.lines(p.room(rest)), first, rest)
	case *ast.ThematicBreak:
		p.put([]string{p.styled(dim, strings.Repeat("─", min(40, max(3, p.room(rest)))))}, first, rest)
	case *ast.Blockquote:
		p.blocks(n, first+"│ ", rest+"│ ")
	case *ast.List:
		p.list(n, first, rest)
	case *east.Table:
		p.table(n, first, rest)
	default:
		if n.Type() == ast.TypeBlock && n.FirstChild() != nil && n.FirstChild().Type() == ast.TypeBlock {
			p.blocks(n, first, rest)
			return
		}
		l := p.newWords()
		p.inline(n, l)
		p.put(l.lines(p.room(rest)), first, rest)
	}
}

func (p *textPrinter) newWords() *wordList { return &wordList{ansi: p.o.ANSI} }

// room is the columns left beside a prefix; text is never squeezed below 20.
func (p *textPrinter) room(prefix string) int {
	if p.o.Width == 0 {
		return 0
	}
	return max(20, p.o.Width-uniseg.StringWidth(prefix))
}

func (p *textPrinter) list(n *ast.List, first, rest string) {
	number := n.Start
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		bullet := "• "
		if n.IsOrdered() {
			bullet = fmt.Sprintf("%d. ", number)
			number++
		}
		p.blocks(item, first+bullet, rest+strings.Repeat(" ", uniseg.StringWidth(bullet)))
		first = rest
		if !n.IsTight && item.NextSibling() != nil {
			p.out.WriteString(strings.TrimRight(rest, " ") + "\n")
		}
	}
}

// table aligns the columns, or, where they have no room, gives each row as
// "head: cell" lines.
func (p *textPrinter) table(n *east.Table, first, rest string) {
	var rows [][]string
	var widths []int
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells []string
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			l := &wordList{bare: true}
			p.inline(cell, l)
			cells = append(cells, l.text())
			if len(cells) > len(widths) {
				widths = append(widths, 0)
			}
			widths[len(cells)-1] = max(widths[len(cells)-1], uniseg.StringWidth(l.text()))
		}
		rows = append(rows, cells)
	}
	total := 0
	for _, w := range widths {
		total += w + 2
	}
	var lines []string
	for i, cells := range rows {
		switch {
		case p.o.Width == 0 || total-2 <= p.room(rest):
			var line strings.Builder
			for j, cell := range cells {
				line.WriteString(cell + strings.Repeat(" ", widths[j]-uniseg.StringWidth(cell)+2))
			}
			text := strings.TrimRight(line.String(), " ")
			if i == 0 {
				text = p.styled(bold, text)
			}
			lines = append(lines, text)
		case i > 0:
			for j, cell := range cells {
				if cell != "" && j < len(rows[0]) {
					lines = append(lines, p.styled(bold, rows[0][j])+": "+cell)
				}
			}
			lines = append(lines, "")
		}
	}
	if len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	p.put(lines, first, rest)
}

// inline adds the text within n as words.
func (p *textPrinter) inline(n ast.Node, l *wordList) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch c := child.(type) {
		case *ast.Text:
			l.add(html.UnescapeString(string(c.Value(p.source))))
			l.space = l.space || c.SoftLineBreak()
			l.line = l.line || c.HardLineBreak()
		case *ast.String:
			l.add(string(c.Value))
		case *ast.CodeSpan:
			l.in(bold, func() { p.inline(c, l) })
		case *ast.Emphasis:
			style := italic
			if c.Level == 2 {
				style = bold
			}
			l.in(style, func() { p.inline(c, l) })
		case *ast.Link:
			l.in(underline, func() { p.inline(c, l) })
			p.address(string(c.Destination), l)
		case *ast.AutoLink:
			l.in(underline, func() { l.add(string(c.URL(p.source))) })
		case *ast.Image:
			l.add("[picture: ")
			p.inline(c, l)
			l.add("]")
		case *ast.RawHTML:
			// Text between tags is text of its own; only the break says something.
			l.line = l.line || htmlBreak.Match(c.Segments.Value(p.source))
		case *east.TaskCheckBox:
			l.add(map[bool]string{true: "[x] ", false: "[ ] "}[c.IsChecked])
		default:
			p.inline(c, l)
		}
	}
}

// address adds where a link leads, when that is somewhere else.
func (p *textPrinter) address(to string, l *wordList) {
	if !l.bare && (strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://")) {
		l.in(dim, func() { l.add(" (" + to + ")") })
	}
}

var (
	htmlBreak   = regexp.MustCompile(`(?i)^<br\b`)
	htmlComment = regexp.MustCompile(`(?s)<!--.*?(-->|$)`)
	allTags     = bluemonday.StrictPolicy().AddSpaceWhenStrippingTag(true)
)

// withoutTags is the text of raw HTML.
func withoutTags(s string) string {
	return html.UnescapeString(allTags.Sanitize(htmlComment.ReplaceAllString(s, "")))
}
