package merge

import (
	"context"
	"io"
	"os"
)

// copier copies content into a file, by the kernel where it can.
type copier struct {
	ctx  context.Context
	dst  *os.File
	note func(int64)
	buf  []byte
}

// copy puts all of src at offset at of the destination.
func (c *copier) copy(src *io.SectionReader, at int64) error {
	outer, off, n := src.Outer()
	switch r := outer.(type) {
	case *io.SectionReader:
		inner, base, _ := r.Outer()
		return c.copy(io.NewSectionReader(inner, base+off, n), at)
	case *content:
		for i := r.part(off); n > 0; i++ {
			take := min(n, r.end(i)-off)
			if err := c.copy(io.NewSectionReader(r.parts[i], off-r.starts[i], take), at); err != nil {
				return err
			}
			off, at, n = off+take, at+take, n-take
		}
		return nil
	case *os.File:
		done, err := c.kernel(r, off, n, at)
		if err != nil {
			return err
		}
		return c.plain(io.NewSectionReader(r, off+done, n-done), at+done)
	}
	return c.plain(src, at)
}

// plain copies through a buffer.
func (c *copier) plain(src *io.SectionReader, at int64) error {
	if c.buf == nil {
		c.buf = make([]byte, 1<<20)
	}
	for off := int64(0); off < src.Size(); {
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
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

// stride is how many of left bytes to copy next from offset from to offset to.
// A filesystem shares nothing of a request that does not begin and end at its
// blocks, so that bytes before the first and after the last whole block go by
// themselves.
func stride(from, to, left int64) int64 {
	n := min(left, kernelChunk)
	edge := from % block
	switch {
	case edge != to%block: // nothing can be shared
	case edge != 0:
		n = min(n, block-edge)
	case n > block:
		n -= n % block
	}
	return n
}
