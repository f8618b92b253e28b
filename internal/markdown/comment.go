package markdown

import "strings"

// Comment follows HTML comments line by line: those that begin a line, which
// may hold blank lines. Their content is not shown.
// Source: CommonMark 0.31, 4.6 (HTML blocks, kind 2).
type Comment struct{ open bool }

// Open says whether the next line is inside a comment.
func (c *Comment) Open() bool { return c.open }

// Step reads one line, which must not be part of a code block, and says whether
// it is part of a comment.
func (c *Comment) Step(line string) bool {
	text := strings.TrimLeft(line, " ")
	if !c.open {
		if len(line)-len(text) > 3 || !strings.HasPrefix(text, "<!--") {
			return false
		}
		text = text[len("<!--"):]
	}
	c.open = !strings.Contains(text, "-->")
	return true
}
