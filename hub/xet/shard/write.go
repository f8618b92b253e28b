package shard

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"longcat/hub/xet/merkle"
)

var le = binary.LittleEndian

// Write writes s without a footer, which is the form to upload.
func Write(w io.Writer, s *Shard) error { return write(w, s, nil) }

// WriteWithFooter writes s in the form that answers a deduplication query,
// hiding the chunks' hashes under the footer's key if it has one.
func WriteWithFooter(w io.Writer, s *Shard, f Footer) error { return write(w, s, &f) }

// Size is how many bytes Write writes.
func Size(s *Shard) int64 {
	records := int64(1 + 2) // header and bookends
	for i := range s.Files {
		f := &s.Files[i]
		records += 1 + int64(len(f.Terms))
		if f.Verified {
			records += int64(len(f.Terms))
		}
		if f.SHA256 != nil {
			records++
		}
	}
	for i := range s.Xorbs {
		records += 1 + int64(len(s.Xorbs[i].Chunks))
	}
	return records * RecordSize
}

func write(dst io.Writer, s *Shard, footer *Footer) error {
	w := &writer{w: bufio.NewWriterSize(dst, 32<<10)}
	length := uint64(0)
	if footer != nil {
		length = footerSize
		if footer.Key != (merkle.Hash{}) {
			w.keyer = merkle.NewKeyer(footer.Key)
		}
	}
	w.record(headerTag, le.AppendUint64(le.AppendUint64(nil, headerVersion), length))
	filesAt := w.offset
	for i := range s.Files {
		w.file(&s.Files[i])
	}
	w.numbers(bookend)
	xorbsAt := w.offset
	for i := range s.Xorbs {
		w.xorb(&s.Xorbs[i])
	}
	w.numbers(bookend)
	if footer != nil {
		w.footer(footer, s, filesAt, xorbsAt)
	}
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}

// A writer counts what it writes and remembers the first error.
type writer struct {
	w      *bufio.Writer
	keyer  *merkle.Keyer // nil: hashes are written as they are
	offset uint64
	buf    [16]byte
	err    error
}

// record writes 32 bytes and then 16, which are zero if not given.
func (w *writer) record(hash [32]byte, rest []byte) {
	clear(w.buf[:])
	copy(w.buf[:], rest)
	_, _ = w.w.Write(hash[:]) // bufio gives the error again at Flush
	_, _ = w.w.Write(w.buf[:])
	w.offset += RecordSize
}

// numbers writes a record that ends in up to four numbers.
func (w *writer) numbers(hash [32]byte, n ...uint32) {
	var rest [16]byte
	for i, v := range n {
		le.PutUint32(rest[4*i:], v)
	}
	w.record(hash, rest[:])
}

func (w *writer) file(f *File) {
	flags := uint32(0)
	if f.Verified {
		flags |= withVerification
	}
	if f.SHA256 != nil {
		flags |= withSHA256
	}
	w.numbers(f.Hash, flags, uint32(len(f.Terms)))
	for _, t := range f.Terms {
		w.numbers(t.Xorb, 0, t.Size, t.First, t.End)
	}
	if f.Verified {
		for _, t := range f.Terms {
			w.numbers(t.Verification)
		}
	}
	if f.SHA256 != nil {
		w.numbers(turn(*f.SHA256))
	}
}

func (w *writer) xorb(x *Xorb) {
	if size := x.Size(); size > math.MaxUint32 {
		w.err = fmt.Errorf("writing shard: xorb %v has %d bytes, which no xorb can have", x.Hash, size)
		return
	}
	w.numbers(x.Hash, 0, uint32(len(x.Chunks)), uint32(x.Size()), x.Packed)
	offset := uint32(0)
	for _, c := range x.Chunks {
		hash := c.Hash
		if w.keyer != nil {
			hash = w.keyer.Keyed(hash)
		}
		w.numbers(hash, offset, c.Size)
		offset += c.Size
	}
}

// footer writes one without lookup tables: their six fields say where they
// stand and that they are empty.
func (w *writer) footer(f *Footer, s *Shard, filesAt, xorbsAt uint64) {
	var packed, materialized, stored uint64
	for i := range s.Files {
		materialized += uint64(s.Files[i].Size())
	}
	for i := range s.Xorbs {
		stored += uint64(s.Xorbs[i].Size())
		packed += uint64(s.Xorbs[i].Packed)
	}
	b := make([]byte, 0, footerSize)
	for _, v := range []uint64{footerVersion, filesAt, xorbsAt, w.offset, 0, w.offset, 0, w.offset, 0} {
		b = le.AppendUint64(b, v)
	}
	b = append(b, f.Key[:]...)
	for _, v := range []uint64{f.Created, f.Expires, 0, 0, 0, 0, 0, 0, packed, materialized, stored, w.offset} {
		b = le.AppendUint64(b, v)
	}
	_, _ = w.w.Write(b)
}
