package modelcard

import (
	"html"
	"regexp"
	"strings"
)

var markdownSpecial = regexp.MustCompile("[\\\\`*_\\[\\]#|~$]")

// plain makes text from outside mean itself within a line of Markdown: no
// markup, no HTML, no line break.
func plain(s string) string {
	return html.EscapeString(markdownSpecial.ReplaceAllString(oneLine(s), `\$0`))
}

// code is s as a code span. A table cell ends at a bar even inside one, so bars
// are turned into the character that looks like it.
func code(s string) string {
	s = strings.ReplaceAll(oneLine(s), "|", "¦")
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// fenced is a code block that no line of text can close early.
func fenced(language, text string) string {
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	text = strings.TrimRight(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	return fence + language + "\n" + text + "\n" + fence + "\n"
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] == c {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	return longest
}

// plainAddress needs no angle brackets around it in Markdown.
var plainAddress = regexp.MustCompile(`^[A-Za-z0-9:/._~%?#=&@+-]*$`)

// link is a Markdown link whose address can not break out of it; the label is
// Markdown already.
func link(label, address string) string {
	if !plainAddress.MatchString(address) {
		address = "<" + strings.NewReplacer("<", "%3C", ">", "%3E", `\`, "%5C", "\n", "%0A", "\r", "%0D", "|", "%7C").Replace(address) + ">"
	}
	return "[" + label + "](" + address + ")"
}
