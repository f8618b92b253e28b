// Package xorb reads and writes xorbs, the objects in which the Xet protocol
// moves chunks: a plain sequence of chunks, each behind a header of eight bytes
// and compressed on its own, so that any range of chunks can be fetched alone.
//
// Source: huggingface/hub-docs, docs/xet/xorb.md; that scheme 1 means LZ4
// frames, and that a footer which readers skip may follow the last chunk, is
// the behaviour of huggingface/xet-core.
package xorb

import (
	"fmt"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

// Bounds of a xorb.
const (
	MaxBytes  = 64 << 20 // serialized
	MaxChunks = 8 << 10
)

// A Scheme says how a chunk's data is compressed.
type Scheme byte

// The schemes of the specification.
const (
	Plain      Scheme = 0
	LZ4        Scheme = 1 // an LZ4 frame
	Grouped4LZ Scheme = 2 // an LZ4 frame of the first bytes of all groups of four, then the second ones, …
)

// headerSize is the length of what stands before each chunk's data: version
// (0), packed length in 3 bytes, Scheme, unpacked length in 3 bytes, all
// little-endian.
const headerSize = 8

// maxPacked bounds a chunk's packed length. A writer has no reason to go
// beyond cdc.MaxSize, but the reference takes twice as much.
const maxPacked = 2 * cdc.MaxSize

// footerIdent begins the footer that some writers put behind the last chunk.
const footerIdent = "XETBLOB"

// Overhead is how much longer than its data a chunk can be in a xorb, at most.
const Overhead = headerSize

// A FormatError says what is wrong with a serialized xorb, and where.
type FormatError struct {
	Chunk  int    // index of the chunk
	Offset int64  // of its header, in bytes
	Reason string // what is wrong
	Err    error  // the cause, if there is one
}

func (e *FormatError) Error() string {
	text := fmt.Sprintf("malformed xorb: chunk %d at byte %d: %s", e.Chunk, e.Offset, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *FormatError) Unwrap() error { return e.Err }

// An Entry is a chunk of a xorb and where it ends there.
type Entry struct {
	merkle.Leaf
	End int64 // offset in bytes behind its last one in the serialized xorb
}

// An Index lists the chunks of a xorb in order.
type Index []Entry

// Hash is the xorb's name.
func (x Index) Hash() merkle.Hash {
	var tree merkle.Tree
	for _, e := range x {
		tree.Add(e.Leaf)
	}
	return tree.Root()
}

// Bytes says where chunks first to last-1 stand in the serialized xorb: from
// byte from to byte to-1.
func (x Index) Bytes(first, last int) (from, to int64) {
	if first > 0 {
		from = x[first-1].End
	}
	if last > 0 {
		to = x[last-1].End
	}
	return from, to
}

// Size is the length of all data, unpacked, in bytes.
func (x Index) Size() (n int64) {
	for _, e := range x {
		n += int64(e.Leaf.Size)
	}
	return n
}

// Packed is the length of the serialized xorb in bytes.
func (x Index) Packed() int64 {
	_, to := x.Bytes(0, len(x))
	return to
}
