package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/limits"
	"longcat/internal/suggest"
)

// maxNodes bounds the values visited, aliases counted each time they are used.
const maxNodes = 1 << 18

// document walks YAML nodes and turns what it does not expect into errors with
// a line. Aliases are followed, never expanded in memory, and a budget of
// visits ends recipes that are made to explode.
type document struct {
	file   string
	visits *int
}

func (d document) errorf(n *yaml.Node, format string, args ...any) error {
	return &RecipeError{File: d.file, Line: n.Line, Column: n.Column, Msg: fmt.Sprintf(format, args...)}
}

var yamlLine = regexp.MustCompile(`line (\d+): `)

// readDocuments splits the text into YAML documents; empty ones are left out.
func readDocuments(data []byte, file string) ([]*yaml.Node, error) {
	if len(data) > limits.Recipe {
		return nil, &RecipeError{File: file, Msg: fmt.Sprintf("the recipe has %d bytes; %d is the limit", len(data), limits.Recipe)}
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var docs []*yaml.Node
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			e := &RecipeError{File: file, Msg: strings.TrimPrefix(err.Error(), "yaml: ")}
			if m := yamlLine.FindStringSubmatch(e.Msg); m != nil {
				e.Line, _ = strconv.Atoi(m[1])
				e.Msg = strings.Replace(e.Msg, m[0], "", 1)
			}
			e.Msg = "not valid YAML: " + e.Msg
			return nil, e
		}
		if len(doc.Content) == 1 && doc.Content[0].Tag != "!!null" {
			docs = append(docs, doc.Content[0])
		}
	}
}

// resolve follows aliases and refuses tags that would be code in other readers.
func (d document) resolve(n *yaml.Node) (*yaml.Node, error) {
	at := n
	for {
		if *d.visits++; *d.visits > maxNodes {
			return nil, d.errorf(at, "the recipe's aliases expand to more than %d values", maxNodes)
		}
		if n.Kind != yaml.AliasNode {
			break
		}
		n = n.Alias
	}
	switch tag := n.ShortTag(); tag {
	case "!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!merge", "!!timestamp", "!!binary":
	default:
		return nil, d.errorf(at, "the tag %s is refused", tag)
	}
	return n, nil
}

// field is a key of a mapping with its value.
type field struct {
	key   *yaml.Node
	value *yaml.Node // resolved
}

// fields lists a mapping's keys, those merged in with "<<" after its own.
// A key must be one of known.
func (d document) fields(n *yaml.Node, what string, known ...string) (map[string]field, error) {
	m, err := d.resolve(n)
	if err != nil {
		return nil, err
	}
	if m.Kind != yaml.MappingNode {
		return nil, d.errorf(n, "%s must be a mapping of keys to values", what)
	}
	got := map[string]field{}
	var inherit []*yaml.Node
	for i := 0; i+1 < len(m.Content); i += 2 {
		key, val := m.Content[i], m.Content[i+1]
		if key.Tag == "!!merge" {
			inherit = append(inherit, val)
			continue
		}
		if key.Kind != yaml.ScalarNode {
			return nil, d.errorf(key, "a key must be a word")
		}
		if _, twice := got[key.Value]; twice {
			return nil, d.errorf(key, "the key %q occurs twice", key.Value)
		}
		if !slices.Contains(known, key.Value) {
			e := d.errorf(key, "unknown key %q in %s", key.Value, what).(*RecipeError)
			e.Suggest = suggest.Nearest(key.Value, known)
			return nil, e
		}
		if val, err = d.resolve(val); err != nil {
			return nil, err
		}
		got[key.Value] = field{key, val}
	}
	for _, from := range inherit {
		if err := d.inherit(got, from, what, known); err != nil {
			return nil, err
		}
	}
	return got, nil
}

// inherit adds the keys of a "<<" value, one mapping or a list of them. Keys
// that are there already win.
func (d document) inherit(into map[string]field, from *yaml.Node, what string, known []string) error {
	n, err := d.resolve(from)
	if err != nil {
		return err
	}
	list := []*yaml.Node{from}
	if n.Kind == yaml.SequenceNode {
		list = n.Content
	}
	for _, m := range list {
		fields, err := d.fields(m, what, known...)
		if err != nil {
			return err
		}
		for k, f := range fields {
			if _, own := into[k]; !own {
				into[k] = f
			}
		}
	}
	return nil
}

// list gives the resolved elements of a sequence.
func (d document) list(n *yaml.Node, what string) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode {
		return nil, d.errorf(n, "%s must be a list", what)
	}
	out := make([]*yaml.Node, 0, len(n.Content))
	for _, e := range n.Content {
		r, err := d.resolve(e)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// text gives a scalar's text. Numbers and words alike are text; null is not.
func (d document) text(n *yaml.Node, what string) (string, error) {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		return "", d.errorf(n, "%s must be a word", what)
	}
	return n.Value, nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }
