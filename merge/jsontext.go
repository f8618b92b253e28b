package merge

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

// What a config or index may hold that is read whole: the index of the largest
// published checkpoints has some 10 MB and 100,000 names.
const (
	maxJSON       = 32 << 20
	maxJSONValues = 1 << 20
)

// jsonText is JSON that is edited in place: each value knows the bytes it came
// from, so that everything that is not edited keeps its order, its spelling and
// its white space.
type jsonText struct {
	data []byte
	root *jsonValue
}

// jsonValue is one value and where it stands in the text.
type jsonValue struct {
	start, end int
	kind       byte         // '{', '[', '"', '0' for a number, 'b', 'n'
	str        string       // of a string; the spelling of a number; "true" or "false"
	keys       []string     // of an object, in order
	vals       []*jsonValue // members of an object or elements of an array
}

// get is the member of an object, the last one if there are several, or nil.
func (v *jsonValue) get(key string) *jsonValue {
	if v == nil {
		return nil
	}
	for i, k := range slices.Backward(v.keys) {
		if k == key {
			return v.vals[i]
		}
	}
	return nil
}

// lookup follows keys with dots between them.
func (v *jsonValue) lookup(path string) *jsonValue {
	for key := range strings.SplitSeq(path, ".") {
		v = v.get(key)
	}
	return v
}

// integer is the value of a whole number.
func (v *jsonValue) integer() (int, bool) {
	if v == nil || v.kind != '0' {
		return 0, false
	}
	n, err := strconv.ParseInt(v.str, 10, 32)
	return int(n), err == nil
}

// parseJSON reads data, which may hold NaN and Infinity as Python writes them.
func parseJSON(data []byte) (*jsonText, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	masked := maskNumbers(data)
	p := &jsonParser{data: masked, dec: json.NewDecoder(bytes.NewReader(masked))}
	p.dec.UseNumber()
	root, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("more text after the end of the JSON at byte %d", p.dec.InputOffset())
	}
	return &jsonText{data: data, root: root}, nil
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

type jsonParser struct {
	data   []byte
	dec    *json.Decoder
	values int
}

func (p *jsonParser) value(depth int) (*jsonValue, error) {
	if depth > 64 {
		return nil, errors.New("JSON nested more than 64 deep")
	}
	if p.values++; p.values > maxJSONValues {
		return nil, fmt.Errorf("JSON of more than %d values", maxJSONValues)
	}
	start := int(p.dec.InputOffset())
	for start < len(p.data) && bytes.IndexByte([]byte(" \t\r\n:,"), p.data[start]) >= 0 {
		start++
	}
	tok, err := p.dec.Token()
	if err != nil {
		return nil, fmt.Errorf("broken JSON: %w", err)
	}
	v := &jsonValue{start: start}
	switch t := tok.(type) {
	case json.Delim:
		v.kind = byte(t)
		for p.dec.More() {
			if v.kind == '{' {
				key, err := p.dec.Token()
				if err != nil {
					return nil, fmt.Errorf("broken JSON: %w", err)
				}
				v.keys = append(v.keys, key.(string))
			}
			child, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			v.vals = append(v.vals, child)
		}
		if _, err := p.dec.Token(); err != nil {
			return nil, fmt.Errorf("broken JSON: %w", err)
		}
	case string:
		v.kind, v.str = '"', t
	case json.Number:
		v.kind, v.str = '0', t.String()
	case bool:
		v.kind, v.str = 'b', strconv.FormatBool(t)
	case nil:
		v.kind = 'n'
	}
	v.end = int(p.dec.InputOffset())
	return v, nil
}

// edit replaces the text of one value.
type edit struct {
	at   *jsonValue
	text []byte
}

// apply gives the text with the edits made; edits must not overlap.
func (t *jsonText) apply(edits []edit) []byte {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.at.start, b.at.start) })
	var out []byte
	at := 0
	for _, e := range edits {
		out = append(out, t.data[at:e.at.start]...)
		out = append(out, e.text...)
		at = e.at.end
	}
	return append(out, t.data[at:]...)
}

// styled is an array's text with other elements, keeping what stands before,
// between and after those of v.
func (t *jsonText) styled(v *jsonValue, items [][]byte) []byte {
	if len(v.vals) == 0 {
		return append(append([]byte("["), bytes.Join(items, []byte(", "))...), ']')
	}
	between := []byte(", ")
	first, last := v.vals[0], v.vals[len(v.vals)-1]
	if len(v.vals) > 1 {
		between = t.data[first.end:v.vals[1].start]
	}
	out := slices.Clone(t.data[v.start:first.start])
	out = append(out, bytes.Join(items, between)...)
	return append(out, t.data[last.end:v.end]...)
}
