package frontmatter

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// editValue is the text with the i-th entry's value changed in place: the
// text around it, such as a comment at the line's end, stays. It is false for
// shapes it does not handle; then the whole entry is written anew.
func (f *File) editValue(i int, want *yaml.Node) ([]byte, bool) {
	value := f.root.Content[2*i+1]
	plain := func(n *yaml.Node) bool {
		return n.Kind == yaml.ScalarNode && n.Anchor == "" && n.Style&yaml.TaggedStyle == 0
	}
	switch {
	case value.Anchor != "" || value.Style&yaml.TaggedStyle != 0:
		return nil, false
	case plain(value) && want.Kind == yaml.ScalarNode:
		return f.editScalar(value, want)
	case value.Kind != yaml.SequenceNode || want.Kind != yaml.SequenceNode,
		len(value.Content) == 0 || len(want.Content) == 0,
		slices.ContainsFunc(value.Content, func(n *yaml.Node) bool { return !plain(n) }),
		slices.ContainsFunc(want.Content, func(n *yaml.Node) bool { return n.Kind != yaml.ScalarNode }):
		return nil, false
	case value.Style&yaml.FlowStyle != 0:
		return f.editFlowList(value, want)
	}
	return f.editBlockList(i, value, want)
}

// editScalar replaces one value on one line and keeps its kind of quotes.
func (f *File) editScalar(value, want *yaml.Node) ([]byte, bool) {
	text := f.text()
	from, ok := offset(text, LineStarts(text), value.Line, value.Column)
	if !ok || value.Value == "" && value.Style == 0 {
		return nil, false
	}
	to := from + scalarLen(text[from:], value)
	written, err := scalarText(want, value.Style)
	if err != nil || to == from {
		return nil, false
	}
	return slices.Concat(text[:from], []byte(written), text[to:]), true
}

// scalarText is a scalar on one line; only strings can take the asked quotes.
func scalarText(n *yaml.Node, style yaml.Style) (string, error) {
	if n.ShortTag() == "!!str" {
		return encodeScalar(n.Value, style)
	}
	text, err := encodeNode(n)
	return strings.TrimSuffix(text, "\n"), err
}

// scalarLen is how many bytes of text spell n, or 0 when that is not a single
// line or not certain.
func scalarLen(text []byte, n *yaml.Node) int {
	line := text
	for i := range text {
		if breakLen(text[i:]) > 0 {
			line = text[:i]
			break
		}
	}
	switch n.Style {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		return quotedLen(line)
	case 0:
		if bytes.HasPrefix(line, []byte(n.Value)) {
			return len(n.Value)
		}
	}
	return 0
}

// quotedLen is the length of the quoted scalar that line begins with, or 0.
func quotedLen(line []byte) int {
	if len(line) == 0 {
		return 0
	}
	quote := line[0]
	for i := 1; i < len(line); i++ {
		switch {
		case quote == '"' && line[i] == '\\':
			i++
		case line[i] == quote && quote == '\'' && i+1 < len(line) && line[i+1] == quote:
			i++
		case line[i] == quote:
			return i + 1
		}
	}
	return 0
}

// editFlowList rewrites "[a, b]" on its line; items that stay are spelt as they
// were.
func (f *File) editFlowList(value, want *yaml.Node) ([]byte, bool) {
	text := f.text()
	starts := LineStarts(text)
	from, ok := offset(text, starts, value.Line, value.Column)
	if !ok {
		return nil, false
	}
	spelt := make([]string, len(value.Content))
	to := from
	for i, item := range value.Content {
		at, ok := offset(text, starts, item.Line, item.Column)
		if !ok || item.Line != value.Line {
			return nil, false
		}
		to = at + scalarLen(text[at:], item)
		spelt[i] = string(text[at:to])
	}
	closing := bytes.IndexByte(text[to:], ']')
	if slices.Contains(spelt, "") || closing < 0 || len(bytes.Trim(text[to:to+closing], " ,\t")) > 0 {
		return nil, false
	}
	var items []string
	for _, item := range want.Content {
		if i := slices.IndexFunc(value.Content, func(n *yaml.Node) bool { return sameValue(n, item) }); i >= 0 {
			items = append(items, spelt[i])
			continue
		}
		n := *item
		written, err := encodeNode(&yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{&n}})
		if err != nil {
			return nil, false
		}
		items = append(items, strings.TrimSuffix(strings.TrimPrefix(written, "["), "]\n"))
	}
	list := "[" + strings.Join(items, ", ") + "]"
	return slices.Concat(text[:from], []byte(list), text[to+closing+1:]), true
}

// editBlockList keeps the lines of items that stay, drops those of items that
// go and writes lines for new ones in the manner of the first.
func (f *File) editBlockList(i int, value, want *yaml.Node) ([]byte, bool) {
	text := f.text()
	starts := LineStarts(text)
	from, to := f.entryLines(i)
	begin := func(n *yaml.Node) int { return starts[n.Line-1] }
	first := value.Content[0]
	at, ok := offset(text, starts, first.Line, first.Column)
	if !ok || begin(first) <= from {
		return nil, false
	}
	dash := text[begin(first):at]
	var out bytes.Buffer
	out.Write(text[from:begin(first)])
	next := 0 // the first old item that is not placed yet
	for _, item := range want.Content {
		j := slices.IndexFunc(value.Content[next:], func(n *yaml.Node) bool { return sameValue(n, item) })
		if j < 0 {
			written, err := scalarText(item, 0)
			if err != nil {
				return nil, false
			}
			out.Write(dash)
			out.WriteString(written + f.nl())
			continue
		}
		j += next
		end := to
		if j+1 < len(value.Content) {
			end = begin(value.Content[j+1])
		}
		if begin(value.Content[j]) >= end {
			return nil, false
		}
		out.Write(text[begin(value.Content[j]):end])
		next = j + 1
	}
	return slices.Concat(text[:from], out.Bytes(), text[to:]), true
}
