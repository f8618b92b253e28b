package modelcard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// opening is the first line of front matter. JavaScript's \s is spelled out,
// because it holds more than Go's: above all the byte-order mark, behind which
// the Hub still finds the front matter.
var opening = regexp.MustCompile(
	`^[\s\v\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*---(?:\r\n|\r|\n)`)

// maxFrontMatter bounds the YAML that is parsed, in bytes. Real front matter is
// a few KB; with a long model-index some hundred.
const maxFrontMatter = 1 << 20

// Card is a README.md: its bytes, and what its front matter says. Reading does
// not change it; Set and Delete do and must not run at the same time as others.
type Card struct {
	raw        []byte
	start, end int        // the YAML is raw[start:end]
	body       int        // the Markdown is raw[body:]
	found      bool       // whether there is front matter at all
	root       *yaml.Node // the mapping; nil when there is none or it is empty
}

// Parse finds and reads the front matter of a README.md. A card without any is
// a good card; front matter that is no YAML mapping is a *SyntaxError. The
// bytes are kept, not copied.
func Parse(readme []byte) (*Card, error) {
	c := locate(readme)
	if !c.found {
		return c, nil
	}
	root, err := parseMapping(c.yaml())
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		syntax.Line += c.firstLine() - 1
	}
	if err != nil {
		return nil, err
	}
	c.root = root
	return c, nil
}

// locate splits the file, without reading its YAML, where the Hub's pattern does:
//
//	^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))
//
// Source: REGEX_YAML_BLOCK in huggingface_hub's repocard.py ("exact same regex
// as in the Hub server"). Go's regexp takes a second for it on a long README.
func locate(readme []byte) *Card {
	c := &Card{raw: readme}
	m := opening.FindIndex(readme)
	if m == nil {
		return c
	}
	start := m[1]
	end, body, ok := closing(readme, start)
	if !ok && bytes.HasSuffix(readme[:start], []byte("\r\n")) {
		// The pattern may also take the CR for the opening line's end and the
		// LF for the YAML's: that reads "---", CR LF, "---" as empty metadata.
		start--
		if end, body, ok = closing(readme, start); end != start {
			ok = false
		}
	}
	if ok {
		c.found, c.start, c.end, c.body = true, start, end, body
	}
	return c
}

// closing finds the line "---" that ends the YAML: where the line break before
// it begins and where its own line ends.
func closing(readme []byte, start int) (end, body int, ok bool) {
	for at := start; ; at++ {
		next := bytes.Index(readme[at:], []byte("---"))
		if next < 0 {
			return 0, 0, false
		}
		at += next
		body = at + len("---")
		body += len(readme[body:]) - len(bytes.TrimLeft(readme[body:], " \t"))
		switch rest := readme[body:]; {
		case at == start || readme[at-1] != '\n' && readme[at-1] != '\r':
			continue
		case bytes.HasPrefix(rest, []byte("\r\n")):
			body += 2
		case bytes.HasPrefix(rest, []byte("\n")):
			body++
		case len(rest) > 0:
			continue
		}
		end = at - 1
		if readme[end] == '\n' && end > start && readme[end-1] == '\r' {
			end--
		}
		return end, body, true
	}
}

// parseMapping reads one YAML document whose root is a mapping; nil when it is
// empty.
func parseMapping(text []byte) (*yaml.Node, error) {
	if len(text) > maxFrontMatter {
		return nil, &SyntaxError{Line: 1, Message: fmt.Sprintf("%d bytes; more than %d are not read", len(text), maxFrontMatter)}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntaxError(text, err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, &SyntaxError{Line: more.Line, Message: "more than one YAML document"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxError(text, err)
	}
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		return root, nil
	case root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null":
		return nil, nil
	}
	return nil, &SyntaxError{Line: root.Line, Message: "want \"key: value\" lines, have " + kindName(root)}
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "a boolean"
	case "!!null":
		return "nothing"
	case "!!timestamp":
		return "a date"
	}
	return "text"
}

// Bytes are the whole file: after Parse exactly what was parsed.
func (c *Card) Bytes() []byte { return c.raw }

// Body is the Markdown after the front matter.
func (c *Card) Body() []byte { return c.raw[c.body:] }

// HasFrontMatter says whether the Hub would find metadata, be it empty.
func (c *Card) HasFrontMatter() bool { return c.found }

// yaml is the text between the two fences, without the last line's end.
func (c *Card) yaml() []byte { return c.raw[c.start:c.end] }

// firstLine is the file's line number of the YAML's first line.
func (c *Card) firstLine() int { return len(lineStarts(c.raw[:c.start])) }

// Keys are the front matter's keys in the order of the file.
func (c *Card) Keys() []string {
	var keys []string
	for i := 0; c.root != nil && i < len(c.root.Content); i += 2 {
		keys = append(keys, c.root.Content[i].Value)
	}
	return keys
}

// Has says whether the front matter holds key, with or without a value.
func (c *Card) Has(key string) bool { return slices.Contains(c.Keys(), key) }

// Node is the value of key, or nil. Of a repeated key the last one counts, as
// in the Python tools.
func (c *Card) Node(key string) *yaml.Node {
	var value *yaml.Node
	for i, k := range c.Keys() {
		if k == key {
			value = resolve(c.root.Content[2*i+1])
		}
	}
	return value
}

// Text is the value of key when it is a single one, else "".
func (c *Card) Text(key string) string {
	if n := c.Node(key); n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return n.Value
	}
	return ""
}

// Strings is the value of key as a list: front matter writes one language as
// "en" or as a list of one. Entries that are no scalars are left out.
func (c *Card) Strings(key string) []string {
	n := c.Node(key)
	if n == nil {
		return nil
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		item = resolve(item)
		if item.Kind == yaml.ScalarNode && item.ShortTag() != "!!null" {
			out = append(out, item.Value)
		}
	}
	return out
}

// resolve follows an alias to what it names. YAML forbids an alias inside its
// own anchor's scalar, so the chain ends.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}
