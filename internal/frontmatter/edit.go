package frontmatter

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// EditError says that a key can not be changed without changing another, such
// as when its value is anchored and used elsewhere.
type EditError struct{ Key string }

func (e *EditError) Error() string {
	return fmt.Sprintf("front matter: %q can not be changed alone; edit it by hand", e.Key)
}

// Set gives key a value: anything yaml.v3 can encode; []string becomes a list.
// Only the lines of that key change; a new key comes last, and front matter is
// made where there is none. Setting the value it has changes no byte. Repeated
// keys become one. When other keys would change too, it fails with *EditError
// and the card stays as it was.
func (f *File) Set(key string, value any) error {
	want := new(yaml.Node)
	if err := want.Encode(value); err != nil {
		return fmt.Errorf("encoding %q: %w", key, err)
	}
	next, err := f.withoutRepeats(key)
	if err != nil {
		return err
	}
	if have := next.Node(key); have == nil || !sameValue(have, want) {
		if next, err = next.try(key, want, next.settings(key, want)); err != nil {
			return err
		}
	}
	*f = *next
	return nil
}

// Delete takes key and its lines out; a key that is not there is no error.
// Front matter that nothing is left of goes too: a Hub refuses an empty one.
func (f *File) Delete(key string) error {
	next := f
	for next.Has(key) {
		i := slices.Index(next.Keys(), key)
		var err error
		if next, err = next.withoutEntry(i); err != nil {
			return err
		}
	}
	if next != f && len(bytes.TrimSpace(next.YAML())) == 0 {
		mark := f.raw[:len(f.raw)-len(bytes.TrimPrefix(f.raw, []byte(byteOrderMark)))]
		if bare := Locate(slices.Concat(mark, next.Body())); !bare.found {
			next = bare
		}
	}
	*f = *next
	return nil
}

// withoutRepeats is the card with only the first entry of key.
func (f *File) withoutRepeats(key string) (*File, error) {
	for {
		keys := f.Keys()
		first := slices.Index(keys, key)
		last := len(keys) - 1 - slices.Index(reversed(keys), key)
		if first < 0 || first == last {
			return f, nil
		}
		var err error
		if f, err = f.withoutEntry(last); err != nil {
			return nil, err
		}
	}
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

// withoutEntry is the card without its i-th entry, however often that key is
// there.
func (f *File) withoutEntry(i int) (*File, error) {
	key := f.root.Content[2*i].Value
	rest := slices.Delete(slices.Clone(f.root.Content), 2*i, 2*i+2)
	want := &yaml.Node{Kind: yaml.MappingNode, Content: rest}
	var texts [][]byte
	if !f.flowRoot() {
		text := f.text()
		from, to := f.entryLines(i)
		texts = append(texts, slices.Concat(text[:from], text[to:]))
	} else if text, err := encodeBlock(want, f.nl()); err == nil {
		texts = append(texts, text)
	}
	for _, text := range texts {
		next, err := Parse(f.withText(text))
		if err == nil && (len(rest) == 0 && next.root == nil || next.root != nil && sameValue(next.root, want)) {
			return next, nil
		}
	}
	return nil, &EditError{Key: key}
}

// try is the card with the first of the texts that does what is wanted: key has
// the wanted value and every other key the one it had.
func (f *File) try(key string, want *yaml.Node, texts [][]byte) (*File, error) {
	for _, text := range texts {
		next, err := Parse(f.withText(text))
		if err != nil || next.Node(key) == nil || !sameValue(next.Node(key), want) {
			continue
		}
		if slices.EqualFunc(f.others(key), next.others(key), sameValue) {
			return next, nil
		}
	}
	return nil, &EditError{Key: key}
}

// settings are the ways to write key, the gentlest first. The first one that
// reads back right is taken, so none needs to foresee every corner of YAML.
func (f *File) settings(key string, want *yaml.Node) [][]byte {
	nl := f.nl()
	line, err := encodeEntry(key, want, nl)
	if err != nil {
		return nil
	}
	if f.root == nil {
		return [][]byte{f.withFirst(line)}
	}
	var ways [][]byte
	i := slices.Index(f.Keys(), key)
	if i >= 0 {
		if edited, ok := f.editValue(i, want); ok {
			ways = append(ways, edited)
		}
	}
	if f.flowRoot() {
		return append(ways, f.reencoded(key, want)...)
	}
	text := f.text()
	line = indented(line, f.root.Content[0].Column-1)
	if i < 0 {
		_, end := f.entryLines(len(f.Keys()) - 1)
		begin, _ := f.entryLines(0)
		return [][]byte{
			slices.Concat(text[:end], line, text[end:]),
			slices.Concat(text[:begin], line, text[begin:]),
		}
	}
	from, to := f.entryLines(i)
	return append(ways, slices.Concat(text[:from], line, text[to:]))
}

// withFirst is the text of front matter that has nothing but comments.
func (f *File) withFirst(line []byte) []byte {
	text := f.text()
	if len(bytes.TrimSpace(text)) == 0 {
		return line
	}
	return slices.Concat(text, line)
}

// reencoded is the text for a root in flow style ("{a: 1}"), which has no lines
// of its own per key: all of it turns into block style.
func (f *File) reencoded(key string, want *yaml.Node) [][]byte {
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: slices.Clone(f.root.Content)}
	if i := slices.Index(f.Keys(), key); i >= 0 {
		root.Content[2*i+1] = want
	} else {
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, want)
	}
	text, err := encodeBlock(root, f.nl())
	if err != nil {
		return nil
	}
	// What stood before the brace, comments most likely, stays before it.
	own := f.text()
	at, ok := offset(own, LineStarts(own), f.root.Line, f.root.Column)
	if !ok {
		return [][]byte{text}
	}
	return [][]byte{slices.Concat(own[:at], text), text}
}

// text is the YAML with every line ended, the last one too.
func (f *File) text() []byte {
	if !f.found {
		return nil
	}
	return slices.Concat(f.YAML(), []byte(f.nl()))
}

// withText is the file with other YAML, whose lines are all ended.
func (f *File) withText(text []byte) []byte {
	nl := []byte(f.nl())
	if !f.found {
		mark := len(f.raw) - len(bytes.TrimPrefix(f.raw, []byte(byteOrderMark)))
		fence := append([]byte("---"), nl...)
		return slices.Concat(f.raw[:mark], fence, text, fence, f.raw[mark:])
	}
	return slices.Concat(f.raw[:f.start], bytes.TrimSuffix(text, nl), f.raw[f.end:])
}

const byteOrderMark = "\ufeff"

func (f *File) nl() string { return LineEnding(f.raw) }

func (f *File) flowRoot() bool {
	return f.root != nil && (f.root.Style&yaml.FlowStyle != 0 || len(f.root.Content) == 0)
}

// entryLines are the offsets within text() of the i-th entry's lines. Blank
// lines and comments at the keys' own indentation belong to what follows.
func (f *File) entryLines(i int) (from, to int) {
	text := f.text()
	starts := LineStarts(text)
	at := func(key int) int { return starts[min(f.root.Content[2*key].Line, len(starts))-1] }
	from, to = at(i), len(text)
	if i+1 < len(f.root.Content)/2 {
		to = at(i + 1)
	}
	indent := f.root.Content[2*i].Column - 1
	for n := len(starts) - 1; n > 0; n-- {
		if starts[n] != to || starts[n-1] <= from {
			continue
		}
		line := strings.TrimRight(string(text[starts[n-1]:to]), " \t\r\n")
		words := strings.TrimLeft(line, " \t")
		if words != "" && (words[0] != '#' || len(line)-len(words) > indent) {
			break
		}
		to = starts[n-1]
	}
	return from, to
}

// others are the keys and values of all entries but those of key, in order.
func (f *File) others(key string) []*yaml.Node {
	var nodes []*yaml.Node
	for i, k := range f.Keys() {
		if k != key {
			nodes = append(nodes, f.root.Content[2*i:2*i+2]...)
		}
	}
	return nodes
}

// sameValue says whether two nodes mean the same, however they are written.
// Aliases can make a small text mean a huge or endless value; such are never
// the same.
func sameValue(a, b *yaml.Node) bool {
	budget := 1 << 20
	return sameWithin(a, b, 1000, &budget)
}

func sameWithin(a, b *yaml.Node, depth int, budget *int) bool {
	a, b = Resolve(a), Resolve(b)
	*budget--
	if depth == 0 || *budget < 0 || a.Kind != b.Kind || a.Value != b.Value ||
		a.Kind == yaml.ScalarNode && a.ShortTag() != b.ShortTag() {
		return false
	}
	return slices.EqualFunc(a.Content, b.Content, func(x, y *yaml.Node) bool {
		return sameWithin(x, y, depth-1, budget)
	})
}
