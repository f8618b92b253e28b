package frontmatter

import (
	"bytes"
	"strings"

	"gopkg.in/yaml.v3"
)

// Entry is "key: value" in the lines that Set writes for a new key.
func Entry(key string, value any) (string, error) {
	f := &File{}
	if err := f.Set(key, value); err != nil {
		return "", err
	}
	return string(f.text()), nil
}

// encodeEntry is "key: value" as the Hub's own tools lay it out: lists are not
// indented under their key.
func encodeEntry(key string, value *yaml.Node, nl string) ([]byte, error) {
	name, err := encodeScalar(key, 0)
	if err != nil {
		return nil, err
	}
	if value.Kind == yaml.SequenceNode && len(value.Content) > 0 {
		var b bytes.Buffer
		b.WriteString(name + ":" + nl)
		for _, item := range value.Content {
			text, err := encodeNode(item)
			if err != nil {
				return nil, err
			}
			lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
			b.WriteString("- " + strings.Join(lines, nl+"  ") + nl)
		}
		return b.Bytes(), nil
	}
	return encodeBlock(&yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
		{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value,
	}}, nl)
}

// encodeBlock is a mapping in block style, with nl as line ending.
func encodeBlock(mapping *yaml.Node, nl string) ([]byte, error) {
	if len(mapping.Content) == 0 {
		return nil, nil
	}
	text, err := encodeNode(mapping)
	return []byte(strings.ReplaceAll(text, "\n", nl)), err
}

func encodeNode(n *yaml.Node) (string, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(n); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil {
		return "", err
	}
	return b.String(), nil
}

// encodeScalar is s as a one-line YAML string, quoted where YAML needs it or
// style asks for it.
func encodeScalar(s string, style yaml.Style) (string, error) {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: style & (yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle)}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x85 || r == 0x2028 || r == 0x2029 }) {
		n.Style = yaml.DoubleQuotedStyle
	} else if n.Style == 0 {
		// A node that is only tagged a string is not quoted when it looks like
		// a number; one that Encode made is.
		if err := n.Encode(s); err != nil {
			return "", err
		}
	}
	text, err := encodeNode(n)
	return strings.TrimSuffix(text, "\n"), err
}

// indented is every line of text moved right by n spaces.
func indented(text []byte, n int) []byte {
	if n <= 0 {
		return text
	}
	var b bytes.Buffer
	starts := append(LineStarts(text), len(text))
	for i := range len(starts) - 1 {
		if line := text[starts[i]:starts[i+1]]; len(line) > 0 {
			b.WriteString(strings.Repeat(" ", n))
			b.Write(line)
		}
	}
	return b.Bytes()
}
