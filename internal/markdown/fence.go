// Package markdown knows of Markdown what longcat needs where it does not render
// it: where code blocks begin and end, and how text from outside is written so
// that it means itself.
package markdown

import "strings"

// Fence follows Markdown's fenced code blocks line by line.
type Fence struct {
	char  byte
	width int
}

// Open says whether the next line is inside a code block.
func (f *Fence) Open() bool { return f.width > 0 }

// Step reads one line and says whether it is part of a code block.
func (f *Fence) Step(line string) bool {
	text := strings.TrimLeft(line, " ")
	if len(line)-len(text) > 3 || text == "" || text[0] != '`' && text[0] != '~' {
		return f.width > 0
	}
	width := len(text) - len(strings.TrimLeft(text, text[:1]))
	rest := strings.TrimSpace(text[width:])
	switch {
	case f.width > 0:
		if text[0] == f.char && width >= f.width && rest == "" {
			f.width = 0
		}
		return true
	case width >= 3 && (text[0] == '~' || !strings.Contains(rest, "`")):
		f.char, f.width = text[0], width
		return true
	}
	return false
}
