package xorb

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/pierrec/lz4/v4"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

// A Reader unpacks the chunks of a serialized xorb, or of a range of its
// chunks, one by one. It trusts nothing that it reads and needs less than a
// megabyte however long the xorb claims to be.
type Reader struct {
	r        io.Reader
	chunk    int   // index of the chunk that is next
	offset   int64 // of that chunk's header
	header   [headerSize]byte
	packed   []byte
	unpacked []byte
	grouped  []byte
	source   bytes.Reader
	frames   *lz4.Reader
}

// NewReader starts at the header of a chunk. It reads no more than it must,
// but in small steps.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r, frames: lz4.NewReader(nil)}
}

// Next gives the data of the next chunk, valid until the call after, or io.EOF
// behind the last one. What is malformed gives a *FormatError, also a xorb
// that ends inside a chunk (then it is io.ErrUnexpectedEOF as well).
func (r *Reader) Next() ([]byte, error) {
	header := &r.header
	n, err := io.ReadFull(r.r, header[:])
	switch {
	case err == io.EOF, isFooter(header[:n]):
		return nil, io.EOF
	case err == io.ErrUnexpectedEOF:
		return nil, r.malformed("header is cut off", err)
	case err != nil:
		return nil, err
	}
	packed, scheme, size, err := r.parse(header[:])
	if err != nil {
		return nil, err
	}
	r.packed = grow(r.packed, packed)
	if _, err := io.ReadFull(r.r, r.packed); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, r.malformed("data is cut off", io.ErrUnexpectedEOF)
		}
		return nil, err
	}
	data, err := r.unpack(scheme, r.packed, size)
	if err != nil {
		return nil, err
	}
	r.chunk++
	r.offset += headerSize + int64(packed)
	return data, nil
}

// Unpack gives the data of one serialized chunk that is in memory. It is valid
// as long as that is, and until the next call.
func (r *Reader) Unpack(chunk []byte) ([]byte, error) {
	if len(chunk) < headerSize {
		return nil, r.malformed("header is cut off", io.ErrUnexpectedEOF)
	}
	packed, scheme, size, err := r.parse(chunk[:headerSize])
	if err != nil {
		return nil, err
	}
	if len(chunk) != headerSize+packed {
		return nil, r.malformed(fmt.Sprintf("has %d bytes of data, its header says %d", len(chunk)-headerSize, packed), nil)
	}
	return r.unpack(scheme, chunk[headerSize:], size)
}

// parse reads a chunk's header and checks it.
func (r *Reader) parse(header []byte) (packed int, scheme Scheme, size int, err error) {
	packed = int(header[1]) | int(header[2])<<8 | int(header[3])<<16
	scheme = Scheme(header[4])
	size = int(header[5]) | int(header[6])<<8 | int(header[7])<<16
	switch {
	case header[0] != 0:
		err = r.malformed(fmt.Sprintf("version is %d, want 0", header[0]), nil)
	case scheme > Grouped4LZ:
		err = r.malformed(fmt.Sprintf("compression scheme %d is unknown", scheme), nil)
	case packed > maxPacked:
		err = r.malformed(fmt.Sprintf("packed length %d is over %d", packed, maxPacked), nil)
	case size == 0 || size > cdc.MaxSize:
		err = r.malformed(fmt.Sprintf("length %d is not in 1 to %d", size, cdc.MaxSize), nil)
	case scheme == Plain && packed != size:
		err = r.malformed(fmt.Sprintf("is not packed but its lengths differ: %d and %d", packed, size), nil)
	}
	return packed, scheme, size, err
}

// Offset is the number of bytes that the chunks so far take in the xorb.
func (r *Reader) Offset() int64 { return r.offset }

func (r *Reader) malformed(reason string, cause error) error {
	return &FormatError{Chunk: r.chunk, Offset: r.offset, Reason: reason, Err: cause}
}

// isFooter tells a footer, or one that is cut off, from a chunk's header. No
// chunk begins so: its version would be 88.
func isFooter(header []byte) bool {
	n := min(len(header), len(footerIdent))
	return n >= 4 && string(header[:n]) == footerIdent[:n]
}

var errTooLong = errors.New("unpacks to more than its header says")

// unpack gives the size bytes that are packed.
func (r *Reader) unpack(scheme Scheme, packed []byte, size int) ([]byte, error) {
	if scheme == Plain {
		return packed, nil
	}
	r.unpacked = grow(r.unpacked, size)
	r.source.Reset(packed)
	r.frames.Reset(&r.source)
	if _, err := io.ReadFull(r.frames, r.unpacked); err != nil {
		return nil, r.malformed("unpacking data", err)
	}
	switch n, err := io.ReadFull(r.frames, r.header[:1]); { // the header is done with
	case n > 0:
		return nil, r.malformed("unpacking data", errTooLong)
	case err != io.EOF:
		return nil, r.malformed("unpacking data", err)
	}
	if scheme == LZ4 {
		return r.unpacked, nil
	}
	r.grouped = grow(r.grouped, size)
	ungroup(r.grouped, r.unpacked)
	return r.grouped, nil
}

// Scan reads a whole xorb, hashing every chunk, and lists them. It refuses
// what is malformed or over the bounds of a xorb (a *FormatError), so that
// what it takes from a stranger can be stored: the first Index.Packed bytes.
func Scan(src io.Reader) (Index, error) {
	var index Index
	r := NewReader(src)
	for {
		data, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		index = append(index, Entry{merkle.Leaf{Hash: merkle.Chunk(data), Size: uint64(len(data))}, r.Offset()})
		if len(index) > MaxChunks || r.Offset() > MaxBytes {
			return nil, r.malformed(fmt.Sprintf("is over the bounds of %d chunks and %d bytes", MaxChunks, MaxBytes), nil)
		}
	}
	if len(index) == 0 {
		return nil, r.malformed("is missing", nil)
	}
	return index, nil
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, max(n, cdc.TargetSize))
	}
	return b[:n]
}
