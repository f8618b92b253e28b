package recipe

import (
	"cmp"
	"fmt"
	"strings"
)

// Pos is a position in the text of a recipe, counted from 1. The zero value is
// none.
type Pos struct {
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

func (p Pos) compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Error says what is wrong with a recipe and where.
type Error struct {
	File string
	Pos
	Msg     string
	Suggest string // the word that was probably meant, or ""
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	b.WriteString(": " + e.Msg)
	if e.Suggest != "" {
		fmt.Fprintf(&b, " (did you mean %s?)", e.Suggest)
	}
	return b.String()
}

// Warning is something that a person should know before the merge is made.
type Warning struct {
	Pos
	Msg string `json:"message"`
}

func (w Warning) String() string {
	switch {
	case w.Column > 0:
		return fmt.Sprintf("line %d, column %d: %s", w.Line, w.Column, w.Msg)
	case w.Line > 0:
		return fmt.Sprintf("line %d: %s", w.Line, w.Msg)
	}
	return w.Msg
}

// Errorf is an error about the recipe at a position.
func (r *Recipe) Errorf(at Pos, format string, args ...any) *Error {
	return &Error{File: r.File, Pos: at, Msg: fmt.Sprintf(format, args...)}
}
