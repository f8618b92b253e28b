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

// ErrFull is the error of adding more to a xorb than fits.
var ErrFull = errors.New("xorb is full")

// A Writer serializes a xorb, keeping no more than one chunk in memory.
type Writer struct {
	w       io.Writer
	index   Index
	packer  *lz4.Writer
	plain   bytes.Buffer // the chunk as an LZ4 frame
	grouped bytes.Buffer // the same after grouping
	scratch []byte       // the chunk's data, grouped
	out     []byte       // header and packed data
}

// NewWriter starts a xorb that is written to w.
func NewWriter(w io.Writer) *Writer {
	packer := lz4.NewWriter(io.Discard)
	err := packer.Apply(
		lz4.BlockSizeOption(lz4.Block256Kb), // a chunk is one block
		lz4.ChecksumOption(false),           // the chunk's hash tells more
		lz4.ConcurrencyOption(1),
	)
	if err != nil {
		panic(err) // the options are constants
	}
	return &Writer{w: w, packer: packer}
}

// Fits says whether a chunk of size bytes has room in a xorb that holds chunks
// of together size bytes already, even if nothing can be compressed.
func Fits(chunks int, total, size int64) bool {
	return chunks < MaxChunks && total+size+int64(chunks+1)*Overhead <= MaxBytes
}

// Add appends a chunk of 1 to cdc.MaxSize bytes. It is stored in the way that
// takes the least space.
func (w *Writer) Add(data []byte) error {
	switch {
	case len(data) == 0 || len(data) > cdc.MaxSize:
		return fmt.Errorf("a chunk has %d bytes, want 1 to %d", len(data), cdc.MaxSize)
	case len(w.index) == MaxChunks:
		return ErrFull
	}
	scheme, packed, err := w.pack(data)
	if err != nil {
		return err
	}
	end := w.index.Packed() + headerSize + int64(len(packed))
	if end > MaxBytes {
		return ErrFull
	}
	w.out = appendHeader(w.out[:0], scheme, len(packed), len(data))
	w.out = append(w.out, packed...)
	if _, err := w.w.Write(w.out); err != nil {
		return err
	}
	w.index = append(w.index, Entry{merkle.Leaf{Hash: merkle.Chunk(data), Size: uint64(len(data))}, end})
	return nil
}

// Index lists the chunks added so far.
func (w *Writer) Index() Index { return w.index }

// Grouping pays for weights (a tenth of bfloat16, half of float32 that was
// bfloat16 before) but costs as much time as reading the chunk ten times over,
// so a sample of this size decides whether it is tried.
const sampleSize = 8 << 10

// pack gives data in the scheme that makes it the smallest.
func (w *Writer) pack(data []byte) (Scheme, []byte, error) {
	scheme, best := Plain, data
	if err := w.compress(&w.plain, data); err != nil {
		return 0, nil, err
	}
	if w.plain.Len() < len(best) {
		scheme, best = LZ4, w.plain.Bytes()
	}
	sample := data[:min(sampleSize, len(data))]
	if err := w.compressGrouped(sample); err != nil {
		return 0, nil, err
	}
	if w.grouped.Len()*len(data) >= len(best)*len(sample) { // compared as ratios
		return scheme, best, nil
	}
	if err := w.compressGrouped(data); err != nil {
		return 0, nil, err
	}
	if w.grouped.Len() < len(best) {
		scheme, best = Grouped4LZ, w.grouped.Bytes()
	}
	return scheme, best, nil
}

func (w *Writer) compressGrouped(data []byte) error {
	w.scratch = append(w.scratch[:0], data...)
	group(w.scratch, data)
	return w.compress(&w.grouped, w.scratch)
}

func (w *Writer) compress(dst *bytes.Buffer, data []byte) error {
	dst.Reset()
	w.packer.Reset(dst)
	if _, err := w.packer.Write(data); err != nil {
		return fmt.Errorf("compressing chunk: %w", err)
	}
	if err := w.packer.Close(); err != nil {
		return fmt.Errorf("compressing chunk: %w", err)
	}
	return nil
}

func appendHeader(b []byte, scheme Scheme, packed, unpacked int) []byte {
	return append(b, 0,
		byte(packed), byte(packed>>8), byte(packed>>16), byte(scheme),
		byte(unpacked), byte(unpacked>>8), byte(unpacked>>16))
}
