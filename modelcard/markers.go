package modelcard

import (
	"bytes"
	"strings"

	"longcat/internal/frontmatter"
	"longcat/internal/markdown"
)

// region is a generated part in a file: its name and its bytes'
// offsets, markers included.
type region struct {
	name     string
	from, to int
}

// regions finds the generated parts of a body. A marker is alone on its
// line, outside of code blocks; one whose partner is missing counts for
// nothing, so that a half-deleted part is never taken for a whole one.
func regions(body []byte) []region {
	var out []region
	var fence markdown.Fence
	open := region{from: -1}
	at := 0
	for row := range bytes.Lines(body) {
		start := at
		at += len(row)
		text := strings.TrimRight(string(row), " \t\r\n")
		if fence.Step(text) {
			continue
		}
		if name, ok := markerName(text, beginMarker); ok {
			open = region{name: name, from: start}
		}
		if name, ok := markerName(text, endMarker); ok && open.from >= 0 && name == open.name {
			open.to = at
			out = append(out, open)
			open = region{from: -1}
		}
	}
	return out
}

func markerName(line, marker string) (string, bool) {
	rest, ok := strings.CutPrefix(line, marker)
	if !ok || !strings.HasSuffix(rest, strings.TrimSpace(markerClose)) {
		return "", false
	}
	name, _, _ := strings.Cut(rest, " ")
	return name, name != ""
}

// HasGenerated says whether the card has parts that Update renews as a whole.
func (c *Card) HasGenerated() bool { return len(regions(c.Body())) > 0 }

// replaceGenerated is the body with its generated parts renewed and the names
// of those that changed. Parts that a person took out stay out.
func replaceGenerated(body []byte, sections []section) ([]byte, []string) {
	nl := frontmatter.LineEnding(body)
	var out bytes.Buffer
	var changed []string
	at := 0
	for _, r := range regions(body) {
		for _, s := range sections {
			if s.name != r.name {
				continue
			}
			text := s.marked(nl)
			if !bytes.HasSuffix(body[r.from:r.to], []byte(nl)) {
				text = strings.TrimSuffix(text, nl)
			}
			if text != string(body[r.from:r.to]) {
				changed = append(changed, s.name)
			}
			out.Write(body[at:r.from])
			out.WriteString(text)
			at = r.to
			break
		}
	}
	out.Write(body[at:])
	return out.Bytes(), changed
}
