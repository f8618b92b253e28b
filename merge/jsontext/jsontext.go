// Package jsontext edits JSON in place: each value knows the bytes it came from,
// so that everything that is not edited keeps its order, its spelling and its
// white space.
package jsontext

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// maxValues bounds what a text can hold: the index of the largest published
// checkpoints has some 100,000 names.
const maxValues = 1 << 20

// Text is JSON with its values.
type Text struct {
	data []byte
	Root *Value
}

// Value is one value and where it stands in the text.
type Value struct {
	Kind Kind
	Str  string   // of a string; the spelling of a number; "true" or "false"
	Keys []string // of an object, in order
	Vals []*Value // members of an object or elements of an array

	start, end int
	key        span // of a member: where its key stands
}

type span struct{ start, end int }

// Kind is a value's type: the first byte of its text, or a letter for it.
type Kind byte

// The kinds of JSON values.
const (
	Object Kind = '{'
	Array  Kind = '['
	String Kind = '"'
	Number Kind = '0'
	Bool   Kind = 'b'
	Null   Kind = 'n'
)

// Get is the member of an object, the last one if there are several, or nil.
func (v *Value) Get(key string) *Value {
	if v == nil {
		return nil
	}
	for i, k := range slices.Backward(v.Keys) {
		if k == key {
			return v.Vals[i]
		}
	}
	return nil
}

// Lookup follows keys with dots between them.
func (v *Value) Lookup(path string) *Value {
	for key := range strings.SplitSeq(path, ".") {
		v = v.Get(key)
	}
	return v
}

// Int is the value of a whole number.
func (v *Value) Int() (int, bool) {
	if v == nil || v.Kind != Number {
		return 0, false
	}
	n, err := strconv.ParseInt(v.Str, 10, 32)
	return int(n), err == nil
}

// IsTrue reports whether the value is the word true.
func (v *Value) IsTrue() bool { return v != nil && v.Kind == Bool && v.Str == "true" }

// Parse reads data, which may hold NaN and Infinity as Python writes them.
func Parse(data []byte) (*Text, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	masked := maskNumbers(data)
	p := &parser{data: masked, dec: json.NewDecoder(bytes.NewReader(masked))}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more text after the end of the JSON at byte %d", p.dec.InputOffset())
	}
	return &Text{data: data, Root: root}, nil
}

// maskNumbers replaces NaN and Infinity outside strings by numbers of the same
// length, so that a strict decoder reads past them and offsets stay true.
func maskNumbers(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := slices.Clone(data)
	inString := false
	for i := 0; i < len(out); i++ {
		switch {
		case inString && out[i] == '\\':
			i++
		case out[i] == '"':
			inString = !inString
		case inString:
		case bytes.HasPrefix(out[i:], []byte("NaN")):
			copy(out[i:], "999")
		case bytes.HasPrefix(out[i:], []byte("Infinity")):
			copy(out[i:], "99999999")
		}
	}
	return out
}

type parser struct {
	data   []byte
	dec    *json.Decoder
	values int
}

// next is the offset at which the next token starts.
func (p *parser) next() int {
	at := int(p.dec.InputOffset())
	for at < len(p.data) && bytes.IndexByte([]byte(" \t\r\n:,"), p.data[at]) >= 0 {
		at++
	}
	return at
}

func (p *parser) value(depth int) (*Value, error) {
	if depth > 64 {
		return nil, errors.New("JSON nested more than 64 deep")
	}
	if p.values++; p.values > maxValues {
		return nil, fmt.Errorf("JSON of more than %d values", maxValues)
	}
	start := p.next()
	tok, err := p.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("broken JSON: %w", err)
	}
	v := &Value{start: start}
	switch t := tok.(type) {
	case json.Delim:
		v.Kind = Kind(t)
		for p.dec.More() {
			var at span
			if v.Kind == Object {
				at.start = p.next()
				key, err := p.dec.Token()
				if err != nil {
					return nil, fmt.Errorf("broken JSON: %w", err)
				}
				v.Keys = append(v.Keys, key.(string))
				at.end = int(p.dec.InputOffset())
			}
			child, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			child.key = at
			v.Vals = append(v.Vals, child)
		}
		if _, err := p.dec.Token(); err != nil {
			return nil, fmt.Errorf("broken JSON: %w", err)
		}
	case string:
		v.Kind, v.Str = String, t
	case json.Number:
		v.Kind, v.Str = Number, t.String()
	case bool:
		v.Kind, v.Str = Bool, strconv.FormatBool(t)
	case nil:
		v.Kind = Null
	}
	v.end = int(p.dec.InputOffset())
	return v, nil
}

// Edit replaces the text of one value.
type Edit struct {
	At   *Value
	Text []byte
}

// Apply gives the text with the edits made. An edit inside a value that is
// replaced as a whole is lost.
func (t *Text) Apply(edits []Edit) []byte {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b Edit) int { return cmp.Compare(a.At.start, b.At.start) })
	var out []byte
	at := 0
	for _, e := range edits {
		if e.At.start < at {
			continue
		}
		out = append(out, t.data[at:e.At.start]...)
		out = append(out, e.Text...)
		at = e.At.end
	}
	return append(out, t.data[at:]...)
}

// Raw is the text of a value as it is written.
func (t *Text) Raw(v *Value) []byte { return t.data[v.start:v.end] }

// Array is an array's text with other elements, keeping what stands before,
// between and after those of v.
func (t *Text) Array(v *Value, items [][]byte) []byte {
	if len(v.Vals) == 0 {
		return append(append([]byte("["), bytes.Join(items, []byte(", "))...), ']')
	}
	between := []byte(", ")
	first, last := v.Vals[0], v.Vals[len(v.Vals)-1]
	if len(v.Vals) > 1 {
		between = t.data[first.end:v.Vals[1].start]
	}
	out := slices.Clone(t.data[v.start:first.start])
	out = append(out, bytes.Join(items, between)...)
	return append(out, t.data[last.end:v.end]...)
}

// Member is a key with the text of its value.
type Member struct {
	Key  string
	Text []byte
}

// Object is an object's text with other members, keeping what stands before,
// between and after those of v.
func (t *Text) Object(v *Value, members []Member) []byte {
	open, colon, between, end := []byte("{"), []byte(": "), []byte(", "), []byte("}")
	if len(v.Vals) > 0 {
		first, last := v.Vals[0], v.Vals[len(v.Vals)-1]
		open, colon, end = t.data[v.start:first.key.start], t.data[first.key.end:first.start], t.data[last.end:v.end]
		if len(v.Vals) > 1 {
			between = t.data[first.end:v.Vals[1].key.start]
		}
	}
	out := slices.Clone(open)
	for i, m := range members {
		if i > 0 {
			out = append(out, between...)
		}
		out = append(append(append(out, quote(m.Key)...), colon...), m.Text...)
	}
	return append(out, end...)
}

// Add is the edit that gives the object v one more member, after the last one.
func (t *Text) Add(v *Value, key string, text []byte) Edit {
	if len(v.Vals) == 0 {
		return Edit{v, t.Object(v, []Member{{key, text}})}
	}
	last := v.Vals[len(v.Vals)-1]
	between := []byte(", ")
	if n := len(v.Vals); n > 1 {
		between = t.data[v.Vals[n-2].end:last.key.start]
	} else if gap := t.data[v.start+1 : last.key.start]; len(gap) > 0 {
		between = append([]byte(","), gap...)
	}
	out := append(slices.Clone(between), quote(key)...)
	out = append(append(out, t.data[last.key.end:last.start]...), text...)
	return Edit{&Value{start: last.end, end: last.end}, out}
}

// quote is s as JSON.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(fmt.Sprintf("jsontext: encoding a string: %v", err)) // strings always encode
	}
	return bytes.TrimSpace(b.Bytes())
}
