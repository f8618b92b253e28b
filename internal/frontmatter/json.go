package frontmatter

import (
	"math"
	"slices"
	"time"

	"gopkg.in/yaml.v3"
)

// MaxDepth is how deep metadata is looked at: none is nested like that.
const MaxDepth = 100

// maxValues bounds a value by what its text could hold without aliases, which
// can make a small text mean a huge one.
const maxValues = 1 << 17

// Value is the front matter as JSON can hold it, as a Hub's API gives it: every
// key a string, the last of those that repeat, and null for what JSON has no
// word for, such as .nan. It is nil when there is no front matter, and for one
// that aliases make too large.
func (f *File) Value() map[string]any {
	if f.root == nil {
		return nil
	}
	left := maxValues
	value, _ := jsonValue(f.root, MaxDepth, &left).(map[string]any)
	if left < 0 {
		return nil
	}
	return value
}

func jsonValue(n *yaml.Node, depth int, left *int) any {
	n = Resolve(n)
	*left--
	if *left < 0 || depth == 0 {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		addFields(m, n, depth, left)
		return m
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			list = append(list, jsonValue(item, depth-1, left))
		}
		return list
	}
	return jsonScalar(n)
}

// addFields adds the fields of a mapping, those that "<<" brings in first: its
// own override them.
func addFields(m map[string]any, n *yaml.Node, depth int, left *int) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].ShortTag() == "!!merge" {
			from := []*yaml.Node{n.Content[i+1]}
			if Resolve(from[0]).Kind == yaml.SequenceNode {
				from = Resolve(from[0]).Content
			}
			for _, f := range slices.Backward(from) { // the first one counts most
				if f = Resolve(f); f.Kind == yaml.MappingNode && depth > 0 && *left > 0 {
					*left--
					addFields(m, f, depth-1, left)
				}
			}
		}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := Resolve(n.Content[i]); key.Kind == yaml.ScalarNode && key.ShortTag() != "!!merge" {
			m[key.Value] = jsonValue(n.Content[i+1], depth-1, left)
		}
	}
}

func jsonScalar(n *yaml.Node) any {
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool", "!!int":
		var v any
		if n.Decode(&v) == nil {
			return v
		}
	case "!!float":
		var v float64
		if n.Decode(&v) == nil {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil
			}
			return v
		}
	case "!!timestamp":
		var v time.Time
		if n.Decode(&v) == nil {
			return v.UTC().Format("2006-01-02T15:04:05.000Z") // as JavaScript's dates turn into JSON
		}
	}
	return n.Value
}
