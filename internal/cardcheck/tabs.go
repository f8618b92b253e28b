package cardcheck

import (
	"bytes"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/frontmatter"
)

// blockScalar ends a line whose value follows on the lines below.
var blockScalar = regexp.MustCompile(`(?:^|[:\-?] +|!\S* |&\S* )[|>][0-9+-]*[ \t]*(?:#.*)?$`)

// tabs warns of tabs that separate words of YAML: the Hub's parser reads them as
// spaces, PyYAML stops there. Within quotes, comments and blocks of text they
// are harmless.
func (c *checker) tabs(card *frontmatter.File) {
	if !bytes.Contains(card.YAML(), []byte("\t")) {
		return
	}
	var quote byte
	block := -1 // the indentation of the key whose block of text this is
	line := card.FirstLine() - 1
	for row := range strings.Lines(string(card.YAML())) {
		line++
		row = strings.TrimRight(row, "\r\n")
		indent := len(row) - len(strings.TrimLeft(row, " "))
		if block >= 0 && (indent > block || strings.TrimSpace(row) == "") {
			continue
		}
		block = -1
		var at int
		if at, quote = bareTab(row, quote); at >= 0 {
			c.warnf(&yaml.Node{Line: line, Column: len([]rune(row[:at])) + 1}, "",
				"a tab stands outside of quotes: Python tools can not read the metadata; use spaces")
		}
		if quote == 0 && blockScalar.MatchString(row) {
			block = indent
		}
	}
}

// bareTab is where a line has a tab outside of quotes and comments, or -1, and
// the quote that is open at its end.
func bareTab(row string, quote byte) (at int, open byte) {
	at = -1
	for i := 0; i < len(row); i++ {
		switch ch := row[i]; {
		case quote == '"' && ch == '\\':
			i++
		case quote == '\'' && ch == quote && strings.HasPrefix(row[i+1:], "'"):
			i++ // two stand for one
		case quote != 0:
			if ch == quote {
				quote = 0
			}
		case (ch == '"' || ch == '\'') && startsToken(row[:i]):
			quote = ch
		case ch == '#' && (i == 0 || row[i-1] == ' ' || row[i-1] == '\t'):
			return at, 0
		case ch == '\t' && at < 0:
			at = i
		}
	}
	return at, quote
}

// startsToken says whether a quote behind this text opens a scalar.
func startsToken(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before == "" || strings.ContainsAny(before[len(before)-1:], ":-[{,?")
}
