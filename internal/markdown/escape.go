package markdown

import (
	"html"
	"regexp"
	"strings"

	"longcat/internal/plaintext"
)

// maxLine bounds text from outside that goes into one line of ours, in bytes.
const maxLine = 200

var markdownSpecial = regexp.MustCompile("[\\\\`*_\\[\\]#|~$]")

// Plain makes text from outside mean itself within a line of Markdown: no
// markup, no HTML, no line break.
func Plain(s string) string {
	return html.EscapeString(markdownSpecial.ReplaceAllString(plaintext.Line(s, maxLine), `\$0`))
}

// Code is s as a code span. A table cell ends at a bar even inside one, so bars
// are turned into the character that looks like it.
func Code(s string) string {
	s = strings.ReplaceAll(plaintext.Line(s, maxLine), "|", "¦")
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// Fenced is a code block that no line of text can close early.
func Fenced(language, text string) string {
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

// Link is a Markdown link whose address can not break out of it; the label is
// Markdown already.
func Link(label, address string) string {
	if !plainAddress.MatchString(address) {
		address = "<" + strings.NewReplacer("<", "%3C", ">", "%3E", `\`, "%5C", "\n", "%0A", "\r", "%0D", "|", "%7C").Replace(address) + ">"
	}
	return "[" + label + "](" + address + ")"
}
