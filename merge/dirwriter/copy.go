package dirwriter

import (
	"context"
	"io"
	"os"

	"longcat/merge/parts"
)

// copier copies content into a file, by the kernel where it can.
type copier struct {
	dst  *os.File
	note func(int64)
	buf  []byte
}

// copy puts all of src at offset at of the destination.
func (c *copier) copy(ctx context.Context, src *io.SectionReader, at int64) error {
	outer, off, n := src.Outer()
	switch r := outer.(type) {
	case *io.SectionReader:
		inner, base, _ := r.Outer()
		return c.copy(ctx, io.NewSectionReader(inner, base+off, n), at)
	case *parts.List:
		return r.Range(off, n, func(part *io.SectionReader) error {
			err := c.copy(ctx, part, at)
			at += part.Size()
			return err
		})
	case *os.File:
		done, err := c.kernel(ctx, r, off, n, at)
		if err != nil {
			return err
		}
		return c.plain(ctx, io.NewSectionReader(r, off+done, n-done), at+done)
	}
	return c.plain(ctx, src, at)
}

// plain copies through a buffer.
func (c *copier) plain(ctx context.Context, src *io.SectionReader, at int64) error {
	if c.buf == nil {
		c.buf = make([]byte, 1<<20)
	}
	for off := int64(0); off < src.Size(); {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		part := c.buf[:min(int64(len(c.buf)), src.Size()-off)]
		if n, err := src.ReadAt(part, off); n < len(part) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := c.dst.WriteAt(part, at+off); err != nil {
			return err
		}
		off += int64(len(part))
		c.note(int64(len(part)))
	}
	return nil
}

// kernelChunk is how much is asked of the kernel at once: enough to make calls
// rare, little enough to notice a cancelled context.
const kernelChunk = 64 << 20

// Block is the size of a filesystem block: ranges can be shared between files
// where their offsets agree modulo this.
const Block = 4096

// stride is how many of left bytes to copy next from offset from to offset to.
// A filesystem shares nothing of a request that does not begin and end at its
// blocks, so that bytes before the first and after the last whole block go by
// themselves.
func stride(from, to, left int64) int64 {
	n := min(left, kernelChunk)
	edge := from % Block
	switch {
	case edge != to%Block: // nothing can be shared
	case edge != 0:
		n = min(n, Block-edge)
	case n > Block:
		n -= n % Block
	}
	return n
}
