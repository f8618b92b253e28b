package frontmatter

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"longcat/internal/limits"
)

// parseMapping reads one YAML document whose root is a mapping; nil when it is
// empty.
func parseMapping(text []byte) (*yaml.Node, error) {
	if len(text) > limits.FrontMatter {
		return nil, &SyntaxError{Line: 1, Message: fmt.Sprintf("%d bytes; more than %d are not read", len(text), limits.FrontMatter)}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, Explain(text, err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, &SyntaxError{Line: more.Line, Message: "more than one YAML document"}
	case !errors.Is(err, io.EOF):
		return nil, Explain(text, err)
	}
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		return root, nil
	case root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null":
		return nil, nil
	}
	return nil, &SyntaxError{Line: root.Line, Message: "want \"key: value\" lines, have " + KindName(root)}
}

// KindName says in words what a node is, for messages.
func KindName(n *yaml.Node) string {
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

// Resolve follows an alias to what it names. YAML forbids an alias inside its
// own anchor's scalar, so the chain ends.
func Resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return n.Alias
	}
	return n
}

// Field is the value of key in a mapping and the node to point at when it is
// missing: the mapping itself. Of repeated keys the last counts.
func Field(mapping *yaml.Node, key string) (value *yaml.Node, found bool) {
	value = mapping
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			value, found = Resolve(mapping.Content[i+1]), true
		}
	}
	return value, found
}

// IsNull says whether n is a null.
func IsNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// IsText says whether n is a string.
func IsText(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" }
