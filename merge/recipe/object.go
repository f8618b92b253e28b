package recipe

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// decoder turns the nodes of one document into values by the table of keys. It
// keeps the first error and continues, so that callers need not check each value.
type decoder struct {
	file     string
	visits   int
	err      *Error
	method   *Method // of the document
	warnings []Warning
	warned   map[Warning]bool
	// misplaced are parameters that stand under a model and are not read there.
	misplaced map[string]bool
	used      map[*yaml.Node]bool // anchors that keys of the table lead to
}

// object is a mapping of the recipe, decoded by its ObjectType.
type object struct {
	Pos
	fields map[string]value
}

type value struct {
	key, at Pos // of the key, of the value
	v       any // by Kind: string, int, bool, safetensors.DType, *Method, Ref, Tokenizer, [2]int, *object, []*object, []named, settings, []float64, Token
}

// named is an element of a Map.
type named struct {
	Pos
	name string
	*object
}

// get returns the value of a key, the zero value if it is not there.
func get[T any](o *object, key string) T {
	v, _ := o.fields[key].v.(T)
	return v
}

// ref returns the model that a key names, nil if it is not there.
func (o *object) ref(key string) *Ref {
	if r, ok := o.fields[key].v.(Ref); ok {
		return &r
	}
	return nil
}

func (o *object) has(key string) bool { _, ok := o.fields[key]; return ok }

// fail notes the first error. Decoding goes on with zero values, which nobody
// gets to see.
func (d *decoder) fail(n *yaml.Node, format string, args ...any) *Error {
	e := &Error{File: d.file, Pos: posOf(n), Msg: fmt.Sprintf(format, args...)}
	if d.err == nil {
		d.err = e
	}
	return e
}

func (d *decoder) warn(at Pos, format string, args ...any) {
	w := Warning{at, fmt.Sprintf(format, args...)}
	if !d.warned[w] { // not for each use of an alias
		d.warned[w] = true
		d.warnings = append(d.warnings, w)
	}
}

func (d *decoder) failAt(at Pos, format string, args ...any) *Error {
	return d.fail(&yaml.Node{Line: at.Line, Column: at.Column}, format, args...)
}
