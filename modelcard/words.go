package modelcard

import (
	"strings"
	"unicode"

	"github.com/rivo/uniseg"

	"longcat/internal/plaintext"
)

// Styles of terminal text, as the parameters of ECMA-48's SGR sequence.
const (
	bold      = "1"
	dim       = "2"
	italic    = "3"
	underline = "4"
)

// word is text that a line is not broken in, with the style it is in.
type word struct {
	text  string
	width int
	space bool // whether a line may be wrapped before it
	line  bool // whether it has to
}

// wordList collects styled text as words.
type wordList struct {
	words  []word
	ansi   bool
	bare   bool // for tables: no addresses of links
	styles []string
	space  bool // a space came last
	line   bool // a line break came last
}

// add appends text in the current style.
func (l *wordList) add(s string) {
	s = plaintext.Printable(s)
	for i, part := range strings.FieldsFunc(s, unicode.IsSpace) {
		lead := i > 0 || strings.IndexFunc(s, unicode.IsSpace) == 0
		w := word{text: part, width: uniseg.StringWidth(part), space: lead || l.space || l.line, line: l.line}
		if l.ansi && len(l.styles) > 0 {
			w.text = "\x1b[" + strings.Join(l.styles, ";") + "m" + part + "\x1b[0m"
		}
		l.words = append(l.words, w)
		l.space, l.line = false, false
	}
	if s != strings.TrimRightFunc(s, unicode.IsSpace) {
		l.space = true
	}
}

// in adds what fill adds, in one more style.
func (l *wordList) in(style string, fill func()) {
	l.styles = append(l.styles, style)
	fill()
	l.styles = l.styles[:len(l.styles)-1]
}

// lines wraps the words at width; a word that is longer has a line of its own.
// Without a width nothing is wrapped.
func (l *wordList) lines(width int) []string {
	var out []string
	var line strings.Builder
	used := 0
	for i := 0; i < len(l.words); {
		// Fragments without space between them, such as a bold word and its
		// comma, stay together.
		end, need := i+1, l.words[i].width
		for end < len(l.words) && !l.words[end].space {
			need += l.words[end].width
			end++
		}
		if i > 0 && (l.words[i].line || width > 0 && used+1+need > width) {
			out = append(out, line.String())
			line.Reset()
			used = 0
		} else if i > 0 {
			line.WriteByte(' ')
			used++
		}
		for _, w := range l.words[i:end] {
			line.WriteString(w.text)
		}
		used += need
		i = end
	}
	if line.Len() > 0 {
		out = append(out, line.String())
	}
	return out
}

// text is all words in one line.
func (l *wordList) text() string { return strings.Join(l.lines(0), " ") }
