package safetensors

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// parser walks the header's JSON token by token, because a decoder into maps
// would let a second tensor of the same name replace the first unseen.
type parser struct {
	dec *json.Decoder
}

func parse(text []byte) (*Header, error) {
	if len(text) == 0 || text[0] != '{' {
		return nil, &Error{Offset: 8, Msg: "the header does not start with '{'"}
	}
	if bytes.Count(text, []byte("{")) > maxTensors { // each tensor needs one
		return nil, &Error{Offset: -1, Msg: fmt.Sprintf("more than %d tensors", maxTensors)}
	}
	if at := longToken(text); at >= 0 {
		return nil, &Error{Offset: 8 + int64(at), Msg: fmt.Sprintf("a name or value longer than %d bytes", maxToken)}
	}
	p := parser{dec: json.NewDecoder(bytes.NewReader(text))}
	p.dec.UseNumber()
	h := &Header{}
	seen := map[string]bool{}
	err := p.object(func(name string) error {
		if seen[name] {
			return &Error{Tensor: name, Offset: -1, Msg: "the name occurs twice"}
		}
		seen[name] = true
		if name == "__metadata__" {
			h.Metadata = map[string]string{}
			return p.metadata(h.Metadata)
		}
		t, err := p.tensor(name)
		h.Tensors = append(h.Tensors, t)
		return err
	})
	if err != nil {
		return nil, err
	}
	if tok, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fail("%v follows the header's closing brace", tok)
	}
	return h, nil
}

// longToken finds the place at which a string, number or word gets longer than
// allowed, or -1. The JSON decoder would hold all of it in memory, twice.
func longToken(text []byte) int {
	inString, run := false, 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			inString, run = !inString, 0
		case inString && c == '\\':
			i++
			run += 2
		case !inString && bytes.IndexByte([]byte(" \t\r\n,:{}[]"), c) >= 0:
			run = 0
		default:
			run++
		}
		if run > maxToken {
			return i
		}
	}
	return -1
}

// fail makes an *Error at the place in the file that was read last.
func (p parser) fail(format string, args ...any) error {
	return &Error{Offset: 8 + p.dec.InputOffset(), Msg: fmt.Sprintf(format, args...)}
}

// object reads one JSON object and calls field at each key's value.
func (p parser) object(field func(key string) error) error {
	if err := p.delim('{'); err != nil {
		return err
	}
	for p.dec.More() {
		key, err := p.str()
		if err != nil {
			return err
		}
		if err := field(key); err != nil {
			return err
		}
	}
	return p.delim('}')
}

func (p parser) tensor(name string) (Tensor, error) {
	t := Tensor{Name: name}
	var got []string
	err := p.object(func(key string) (err error) {
		for _, g := range got {
			if g == key {
				return &Error{Tensor: name, Offset: -1, Msg: fmt.Sprintf("%q occurs twice", key)}
			}
		}
		got = append(got, key)
		switch key {
		case "dtype":
			var d string
			d, err = p.str()
			if t.DType = DType(d); err == nil && t.DType.Bits() == 0 {
				err = &Error{Tensor: name, Offset: -1, Msg: fmt.Sprintf("unknown dtype %q", d)}
			}
		case "shape":
			t.Shape, err = p.ints(maxDims)
		case "data_offsets":
			var o []int64
			if o, err = p.ints(2); err == nil && len(o) != 2 {
				err = &Error{Tensor: name, Offset: -1, Msg: "data_offsets must be two numbers"}
			} else if err == nil {
				t.Begin, t.End = o[0], o[1]
			}
		default:
			err = &Error{Tensor: name, Offset: -1, Msg: fmt.Sprintf("unknown field %q", key)}
		}
		return err
	})
	if err == nil && len(got) != 3 {
		err = &Error{Tensor: name, Offset: -1, Msg: "needs dtype, shape and data_offsets"}
	}
	return t, err
}

func (p parser) metadata(m map[string]string) error {
	return p.object(func(key string) error {
		if len(m) == maxMetadata {
			return p.fail("more than %d entries in __metadata__", maxMetadata)
		}
		if _, ok := m[key]; ok {
			return p.fail("__metadata__ has %q twice", key)
		}
		v, err := p.str()
		m[key] = v
		return err
	})
}

// ints reads an array of at most limit numbers in 0 … 2^63-1. JSON's fractions
// and exponents are refused, as the reference reader does.
func (p parser) ints(limit int) ([]int64, error) {
	if err := p.delim('['); err != nil {
		return nil, err
	}
	list := []int64{}
	for p.dec.More() {
		tok, err := p.token()
		if err != nil {
			return nil, err
		}
		num, ok := tok.(json.Number)
		v, err := strconv.ParseInt(string(num), 10, 64)
		if !ok || err != nil || v < 0 || num[0] == '-' {
			return nil, p.fail("%v is not a whole number of 0 to 2^63-1", tok)
		}
		if len(list) == limit {
			return nil, p.fail("more than %d numbers in a list", limit)
		}
		list = append(list, v)
	}
	return list, p.delim(']')
}

func (p parser) str() (string, error) {
	tok, err := p.token()
	if err != nil {
		return "", err
	}
	s, ok := tok.(string)
	if !ok {
		return "", p.fail("want a string, not %v", tok)
	}
	// encoding/json turns half a surrogate pair into U+FFFD, which would make
	// different names equal.
	if strings.ContainsRune(s, '\uFFFD') {
		return "", p.fail("%q holds a character that is no character", s)
	}
	return s, nil
}

func (p parser) delim(want json.Delim) error {
	tok, err := p.token()
	if err != nil {
		return err
	}
	if tok != want {
		return p.fail("want %q, not %v", want.String(), tok)
	}
	return nil
}

func (p parser) token() (json.Token, error) {
	tok, err := p.dec.Token()
	if err != nil {
		return nil, p.fail("broken JSON: %v", err)
	}
	return tok, nil
}
