package recipe

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxNodes bounds the values that are visited, aliases counted each time they
// are used.
const maxNodes = 1 << 18

var yamlLine = regexp.MustCompile(`line (\d+): `)

// readDocuments splits the text into YAML documents; empty ones are left out.
// With an error come those before it.
func readDocuments(data []byte, file string) ([]*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			e := &Error{File: file, Msg: strings.TrimPrefix(err.Error(), "yaml: ")}
			if m := yamlLine.FindStringSubmatch(e.Msg); m != nil {
				e.Line, _ = strconv.Atoi(m[1])
				e.Msg = strings.Replace(e.Msg, m[0], "", 1)
			}
			e.Msg = "not valid YAML: " + e.Msg
			return docs, e
		}
		if len(doc.Content) == 1 && doc.Content[0].Tag != "!!null" {
			docs = append(docs, doc.Content[0])
		}
	}
}

func posOf(n *yaml.Node) Pos { return Pos{n.Line, n.Column} }

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// resolve follows aliases and refuses tags that would be code in other readers.
// Aliases are never expanded in memory, and a budget of visits ends recipes that
// are made to explode.
func (d *decoder) resolve(n *yaml.Node) *yaml.Node {
	at := n
	for {
		if d.visits++; d.visits > maxNodes {
			d.fail(at, "the recipe's aliases expand to more than %d values", maxNodes)
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Line: at.Line, Column: at.Column}
		}
		if n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	switch tag := n.ShortTag(); tag {
	case "!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!merge", "!!timestamp", "!!binary":
	default:
		d.fail(at, "the tag %s is refused", tag)
	}
	return n
}

// field is a key of a mapping with its value.
type field struct {
	key   *yaml.Node
	value *yaml.Node // resolved
}

// fields lists a mapping's keys in order, those merged in with "<<" after its
// own and only if they are not among them. A null is as if the key were not
// there.
func (d *decoder) fields(n *yaml.Node, what string) []field {
	m := d.resolve(n)
	if m.Kind != yaml.MappingNode {
		d.fail(n, "%s must be a mapping of keys to values", what)
		return nil
	}
	var list []field
	index := map[string]bool{}
	var inherit []*yaml.Node
	for i := 0; i+1 < len(m.Content) && d.err == nil; i += 2 {
		key, val := m.Content[i], m.Content[i+1]
		switch {
		case key.Tag == "!!merge":
			inherit = append(inherit, val)
			continue
		case key.Kind != yaml.ScalarNode:
			d.fail(key, "a key must be a word")
		case index[key.Value]:
			d.fail(key, "the key %q occurs twice", key.Value)
		}
		index[key.Value] = true
		list = append(list, field{key, d.resolve(val)})
	}
	for _, from := range inherit {
		sources := []*yaml.Node{from}
		if r := d.resolve(from); r.Kind == yaml.SequenceNode {
			sources = r.Content
		}
		for _, src := range sources {
			if d.err != nil {
				return nil
			}
			for _, f := range d.fields(src, what) {
				if !index[f.key.Value] {
					index[f.key.Value] = true
					list = append(list, f)
				}
			}
		}
	}
	return list
}

// list gives the resolved elements of a sequence.
func (d *decoder) list(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "%s must be a list", what)
		return nil
	}
	var out []*yaml.Node
	for _, e := range n.Content {
		if d.err != nil {
			return nil
		}
		out = append(out, d.resolve(e))
	}
	return out
}

// word gives a scalar's text. Numbers and words alike are text.
func (d *decoder) word(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		d.fail(n, "%s must be a word", what)
		return ""
	}
	return n.Value
}

// decimal is how numbers are written. What YAML 1.1 and 1.2 read otherwise
// (octal, sexagesimal, with underscores) is not among them.
var decimal = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*|[0-9]*\.[0-9]+|[0-9]+\.)([eE][-+]?[0-9]+)?$`)

func (d *decoder) number(n *yaml.Node, what string) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!bool" || !decimal.MatchString(n.Value) || err != nil {
		d.fail(n, "%s must be a number, not %s", what, shown(n))
	}
	return v
}

// whole reads the number of a layer, a token and the like.
func (d *decoder) whole(n *yaml.Node, what string) int {
	v, err := strconv.ParseInt(n.Value, 10, 31)
	if n.Kind != yaml.ScalarNode || !decimal.MatchString(n.Value) || err != nil || v < 0 {
		d.fail(n, "%s must be a whole number, 0 or more, not %s", what, shown(n))
	}
	return int(v)
}

// flag reads true or false, as YAML 1.1 knows them too, or a number, of which 0
// is false.
func (d *decoder) flag(n *yaml.Node, what string) bool {
	if n.Kind == yaml.ScalarNode && n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0 {
		switch strings.ToLower(n.Value) {
		case "true", "yes", "on":
			return true
		case "false", "no", "off":
			return false
		}
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil && decimal.MatchString(n.Value) {
			return v != 0
		}
	}
	d.fail(n, "%s must be true or false, not %s", what, shown(n))
	return false
}

// shown is a value as messages show it.
func shown(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return strconv.Quote(n.Value)
}
