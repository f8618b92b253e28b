package frontmatter

import (
	"bytes"
	"errors"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// opening is the first line of front matter. JavaScript's \s is spelled out,
// because it holds more than Go's: above all the byte-order mark, behind which
// the Hub still finds the front matter.
var opening = regexp.MustCompile(
	`^[\s\v\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*---(?:\r\n|\r|\n)`)

// File is a README.md: its bytes, and what its front matter says. Reading does
// not change it; Set and Delete do and must not run at the same time as others.
type File struct {
	raw        []byte
	start, end int        // the YAML is raw[start:end]
	body       int        // the Markdown is raw[body:]
	found      bool       // whether there is front matter at all
	root       *yaml.Node // the mapping; nil when there is none or it is empty
}

// Parse finds and reads the front matter of a README.md. A file without any is
// good; front matter that is no YAML mapping is a *SyntaxError. The bytes are
// kept, not copied.
func Parse(readme []byte) (*File, error) {
	f := Locate(readme)
	if !f.found {
		return f, nil
	}
	root, err := parseMapping(f.YAML())
	if syntax, ok := errors.AsType[*SyntaxError](err); ok {
		syntax.Line += f.FirstLine() - 1
	}
	if err != nil {
		return nil, err
	}
	f.root = root
	return f, nil
}

// Locate splits the file, without reading its YAML, where the Hub's pattern does:
//
//	^(\s*---(?:\r\n|\r|\n))([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))
//
// Source: REGEX_YAML_BLOCK in huggingface_hub's repocard.py ("exact same regex
// as in the Hub server"). Go's regexp takes a second for it on a long README.
func Locate(readme []byte) *File {
	f := &File{raw: readme}
	m := opening.FindIndex(readme)
	if m == nil {
		return f
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
		f.found, f.start, f.end, f.body = true, start, end, body
	}
	return f
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

// Bytes are the whole file: after Parse exactly what was parsed.
func (f *File) Bytes() []byte { return f.raw }

// Body is the Markdown after the front matter.
func (f *File) Body() []byte { return f.raw[f.body:] }

// Head is everything before the Body.
func (f *File) Head() []byte { return f.raw[:f.body:f.body] }

// HasFrontMatter says whether the Hub would find metadata, be it empty.
func (f *File) HasFrontMatter() bool { return f.found }

// YAML is the text between the two fences, without the last line's end.
func (f *File) YAML() []byte { return f.raw[f.start:f.end] }

// FirstLine is the file's line number of the YAML's first line.
func (f *File) FirstLine() int { return len(LineStarts(f.raw[:f.start])) }

// Mapping is the front matter as it was read; nil when there is none or it is
// empty.
func (f *File) Mapping() *yaml.Node { return f.root }

// Keys are the front matter's keys in the order of the file.
func (f *File) Keys() []string {
	var keys []string
	for i := 0; f.root != nil && i < len(f.root.Content); i += 2 {
		keys = append(keys, f.root.Content[i].Value)
	}
	return keys
}

// Has says whether the front matter holds key, with or without a value.
func (f *File) Has(key string) bool { return slices.Contains(f.Keys(), key) }

// Node is the value of key, or nil. Of a repeated key the last one counts, as
// in the Python tools.
func (f *File) Node(key string) *yaml.Node {
	var value *yaml.Node
	for i, k := range f.Keys() {
		if k == key {
			value = Resolve(f.root.Content[2*i+1])
		}
	}
	return value
}

// Text is the value of key when it is a single one, else "".
func (f *File) Text(key string) string {
	if n := f.Node(key); n != nil && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		return n.Value
	}
	return ""
}

// Strings is the value of key as a list: front matter writes one language as
// "en" or as a list of one. Entries that are no scalars are left out.
func (f *File) Strings(key string) []string {
	n := f.Node(key)
	if n == nil {
		return nil
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		item = Resolve(item)
		if item.Kind == yaml.ScalarNode && item.ShortTag() != "!!null" {
			out = append(out, item.Value)
		}
	}
	return out
}
