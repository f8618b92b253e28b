// Package safetensors reads, checks and writes the header of safetensors
// files. Weights are never touched: a header says where each tensor's bytes
// lie, and that is all a merge needs to know.
//
// A file is an 8-byte little-endian length N, N bytes of JSON, and the tensors'
// bytes, one after the other without holes. The JSON maps each tensor's name to
// its dtype, shape and data_offsets; the key "__metadata__" holds strings.
//
// Source: https://github.com/huggingface/safetensors, README "Format" and the
// checks of its reference reader. What that reader refuses is refused here too.
package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"longcat/internal/limits"
)

const (
	// MaxHeader is the longest header, in bytes, that is accepted: the
	// reference reader's bound.
	MaxHeader = limits.Header
	// maxTensors and maxDims bound what a hostile header can make us allocate;
	// the largest published checkpoints stay far below both.
	maxTensors  = 1 << 18
	maxDims     = 64
	maxMetadata = 1 << 16 // entries
	maxToken    = 1 << 20 // bytes of a name, a number or a metadata value
	// firstRead covers the header of nearly every shard in one request, which
	// matters when the file is still on a Hub.
	firstRead = 128 << 10
)

// Tensor is one entry of a header.
type Tensor struct {
	Name  string  `json:"name"`
	DType DType   `json:"dtype"`
	Shape []int64 `json:"shape"` // empty for a scalar
	// Begin and End are byte offsets from the start of the data section.
	Begin int64 `json:"begin"`
	End   int64 `json:"end"`
}

// Size is the number of bytes that the tensor takes.
func (t Tensor) Size() int64 { return t.End - t.Begin }

// Elements is the number of values in the tensor: the product of its shape.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Header is a checked header: offsets are in range, in order and without
// holes, names are unique, and each tensor's size follows from dtype and shape.
type Header struct {
	Metadata map[string]string // nil when the file has none
	Tensors  []Tensor          // in the order of their bytes in the file
	Data     int64             // where the data section starts: 8 + N
}

// Error says what is wrong with a file that claims to be safetensors.
type Error struct {
	Tensor string // the offending tensor, or ""
	Offset int64  // byte offset in the file, or -1 when it belongs to no byte
	Msg    string
}

func (e *Error) Error() string {
	switch {
	case e.Tensor != "":
		return fmt.Sprintf("invalid safetensors header: tensor %q: %s", e.Tensor, e.Msg)
	case e.Offset >= 0:
		return fmt.Sprintf("invalid safetensors header: at byte %d: %s", e.Offset, e.Msg)
	}
	return "invalid safetensors header: " + e.Msg
}

// Read reads and checks the header of the file that r holds, size bytes long.
// It reads at most two ranges: the first 128 KiB, and the rest of a longer
// header. A header that is not valid gives an *Error; errors of r are wrapped.
func Read(r io.ReaderAt, size int64) (*Header, error) {
	if size < 8 {
		return nil, &Error{Offset: 0, Msg: fmt.Sprintf("the file is %d bytes long, too short for a header", size)}
	}
	buf := make([]byte, min(size, firstRead))
	if err := readFull(r, buf, 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(buf)
	if n > MaxHeader {
		return nil, &Error{Offset: 0, Msg: fmt.Sprintf("header length %d is over the limit of %d bytes", n, MaxHeader)}
	}
	if int64(n) > size-8 {
		return nil, &Error{Offset: 0, Msg: fmt.Sprintf("header length %d does not fit a file of %d bytes (cut short?)", n, size)}
	}
	if have := int64(len(buf)); int64(n)+8 > have {
		buf = slices.Grow(buf, int(int64(n)+8-have))[:n+8]
		if err := readFull(r, buf[have:], have); err != nil {
			return nil, err
		}
	}
	text := buf[8 : 8+n]
	if !utf8.Valid(text) {
		return nil, &Error{Offset: 8, Msg: "the header is not UTF-8"}
	}
	h, err := parse(text)
	if err != nil {
		return nil, err
	}
	h.Data = 8 + int64(n)
	return h, h.check(size - h.Data)
}

// readFull fills p from offset off; (n, io.EOF) with n == len(p) is a success.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading safetensors header: %w", err)
}

// check orders the tensors by offset and holds them against each other and
// against the size of the data section.
func (h *Header) check(data int64) error {
	slices.SortStableFunc(h.Tensors, func(a, b Tensor) int {
		if a.Begin != b.Begin {
			return cmp.Compare(a.Begin, b.Begin)
		}
		return cmp.Compare(a.End, b.End) // empty tensors come first
	})
	at := int64(0)
	for _, t := range h.Tensors {
		want, ok := t.DType.Bytes(t.Shape)
		switch {
		case !ok:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("shape %v of %s is no whole number of bytes, or too large", t.Shape, t.DType)}
		case t.Begin > t.End:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("offsets [%d, %d] run backwards", t.Begin, t.End)}
		case t.End > data:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("ends at byte %d, but there are %d bytes of data (cut short?)", t.End, data)}
		case t.Size() != want:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("%d bytes do not hold shape %v of %s, which takes %d", t.Size(), t.Shape, t.DType, want)}
		case t.Begin < at:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("starts at byte %d inside the tensor before it, which ends at %d", t.Begin, at)}
		case t.Begin > at:
			return &Error{Tensor: t.Name, Offset: -1, Msg: fmt.Sprintf("starts at byte %d, leaving a hole after %d", t.Begin, at)}
		}
		at = t.End
	}
	if at != data {
		return &Error{Offset: h.Data + at, Msg: fmt.Sprintf("%d bytes belong to no tensor", data-at)}
	}
	return nil
}

// mulFits is a*b and whether that stays within an int64; a and b are not negative.
func mulFits(a, b int64) (int64, bool) {
	if b != 0 && a > math.MaxInt64/b {
		return 0, false
	}
	return a * b, true
}
