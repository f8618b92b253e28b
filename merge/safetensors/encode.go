package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Padding says where the data section is to start: at an offset that leaves
// Rest when divided by Block. The header is filled up with spaces for it. The
// zero value asks for nothing but the multiple of 8 that every file gets.
//
// With Block the size of a filesystem's blocks and Rest a source file's own
// offset modulo Block, ranges of that file can be shared instead of copied.
type Padding struct {
	Block int64 // a multiple of 8
	Rest  int64 // 0 ≤ Rest < Block; ignored unless a multiple of 8
}

// Encode gives the first bytes of a file that holds the given tensors: length
// and header, after which the tensors' bytes follow in the order given, without
// holes. Begin and End of each are set here from dtype and shape. The same
// arguments give the same bytes.
//
// It returns an *Error for a tensor that the format can not hold: an unknown
// dtype, a size beyond 2^63, or a name that occurs twice.
func Encode(metadata map[string]string, tensors []Tensor, pad Padding) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(metadata) > 0 {
		b.WriteString(`"__metadata__":{`)
		for i, k := range slices.Sorted(maps.Keys(metadata)) {
			if i > 0 {
				b.WriteByte(',')
			}
			b.Write(quote(k))
			b.WriteByte(':')
			b.Write(quote(metadata[k]))
		}
		b.WriteByte('}')
	}
	at := int64(0)
	seen := make(map[string]bool, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		n, ok := t.DType.Bytes(t.Shape)
		if !ok || at+n < at {
			return nil, &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("no file can hold %s of shape %v", t.DType, t.Shape)}
		}
		if seen[t.Name] || t.Name == "__metadata__" {
			return nil, &Error{Tensor: t.Name, Offset: -1, Msg: "the name occurs twice"}
		}
		seen[t.Name] = true
		t.Begin, t.End = at, at+n
		at += n
		if b.Len() > 9 {
			b.WriteByte(',')
		}
		b.Write(entry(*t))
	}
	b.WriteByte('}')
	b.Write(bytes.Repeat([]byte{' '}, int(pad.spaces(int64(b.Len())))))
	out := b.Bytes()
	if len(out)-8 > MaxHeader {
		return nil, &Error{Offset: -1, Msg: fmt.Sprintf("a header of %d bytes is over the limit of %d", len(out)-8, MaxHeader)}
	}
	binary.LittleEndian.PutUint64(out, uint64(len(out)-8))
	return out, nil
}

// EntrySize is how many bytes the tensor's entry takes in a header at most.
func EntrySize(t Tensor) int64 {
	t.Begin, t.End = 1<<62, 1<<62
	return int64(len(entry(t))) + 1
}

func entry(t Tensor) []byte {
	b := quote(t.Name)
	b = append(b, `:{"dtype":"`...)
	b = append(b, t.DType...)
	b = append(b, `","shape":[`...)
	for i, d := range t.Shape {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Append(b, d)
	}
	return fmt.Appendf(b, `],"data_offsets":[%d,%d]}`, t.Begin, t.End)
}

// spaces is how many of them must follow n bytes.
func (p Padding) spaces(n int64) int64 {
	block, rest := max(p.Block, 8), p.Rest
	if rest%8 != 0 {
		block, rest = 8, 0
	}
	return ((rest-n)%block + block) % block
}

// quote is s as JSON. Only what JSON demands is escaped, so that names stay
// readable and every reader agrees on them.
func quote(s string) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
