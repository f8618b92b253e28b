package frontmatter

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// SyntaxError is front matter that is not a YAML mapping. Line counts from 1
// within the whole file.
type SyntaxError struct {
	Line    int
	Message string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("front matter: line %d: %s", e.Line, e.Message)
}

var (
	yamlErrorLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)
	unknownAnchor = regexp.MustCompile(`unknown anchor '(.*)' referenced`)
	parserError   = regexp.MustCompile(`did not find expected (key|'-' indicator|node content|',' or|<)`)
)

// maxSearched bounds the text that is parsed again and again to find an error's
// line, in bytes.
const maxSearched = 64 << 10

// Explain is yaml.v3's complaint about text with the line a person has to
// look at. yaml.v3 counts some lines from 0 and others from 1, omits the first
// one, and for a line that is indented wrongly names the block's beginning.
func Explain(text []byte, err error) *SyntaxError {
	line, message := complaint(err)
	switch m := unknownAnchor.FindStringSubmatch(message); {
	case m != nil:
		line = LineOf(text, bytes.Index(text, []byte("*"+m[1])))
	case strings.Contains(message, "control characters"):
		line = LineOf(text, bytes.IndexFunc(text, notYAML))
	case strings.Contains(message, "UTF-8"):
		line = LineOf(text, InvalidUTF8(text))
	case strings.HasSuffix(message, "expected key") || strings.HasSuffix(message, "'-' indicator"):
		line = firstWith(text, message, line)
	default:
		// Behind another line none of them is the first; the scanner's errors
		// count from 1, the parser's from 0.
		var doc yaml.Node
		if err := yaml.Unmarshal(append([]byte("#\n"), text...), &doc); err != nil {
			line, message = complaint(err)
			if !parserError.MatchString(message) {
				line--
			}
		}
	}
	last := LineOf(text, len(bytes.TrimRight(text, " \t\r\n"))) // the text's end is on no line that one sees
	return &SyntaxError{Line: min(max(1, line), last), Message: message}
}

// complaint takes an error of yaml.v3 apart; its text is all there is.
func complaint(err error) (line int, message string) {
	message = err.Error()
	if m := yamlErrorLine.FindStringSubmatch(message); m != nil {
		line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	return line, message
}

// firstWith is the first line with which text has that complaint: without the
// lines from there on it has not. Text too large for that keeps the line given.
func firstWith(text []byte, message string, line int) int {
	if len(text) > maxSearched {
		return line + 1
	}
	starts := append(LineStarts(text), len(text))
	return 1 + sort.Search(len(starts)-1, func(n int) bool {
		var doc yaml.Node
		err := yaml.Unmarshal(text[:starts[n+1]], &doc)
		if err == nil {
			return false
		}
		_, same := complaint(err)
		return same == message
	})
}

// LineOf is the line of an offset, 1 for one that was not found.
func LineOf(text []byte, at int) int { return len(LineStarts(text[:max(0, at)])) }

// notYAML says whether YAML forbids the character.
// Source: YAML 1.1, 5.1 (c-printable).
func notYAML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85 ||
		r >= 0xfffe && r <= 0xffff
}

// InvalidUTF8 is the offset of the first byte that is no UTF-8, or -1.
func InvalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
