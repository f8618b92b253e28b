package cas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/xorb"
)

// Convert finds the chunks of an object: a file, to be added, of xorbs that are
// ranges of the object. Its content is read once and not copied.
func (s *Store) Convert(ctx context.Context, sha256 string) (*File, error) {
	f, err := s.o.Object(sha256)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &converter{store: s, file: File{Known: Known{SHA256: sha256}, generation: s.Generation()}}
	chunks := cdc.NewHasher(c.add)
	block := make([]byte, cdc.BlockSize)
	for err == nil && c.err == nil {
		var n int
		n, err = f.Read(block)
		_, _ = chunks.Write(block[:n]) // never fails
		if ctx.Err() != nil {
			err = ctx.Err()
		}
	}
	if err == io.EOF {
		err = chunks.Close()
		c.cut()
	}
	if err := errors.Join(err, c.err); err != nil {
		return nil, fmt.Errorf("finding the chunks of object %s: %w", sha256, err)
	}
	c.file.Hash = c.tree.File()
	return &c.file, nil
}

// A converter puts an object's chunks into xorbs as they come.
type converter struct {
	store *Store
	file  File // so far
	tree  merkle.Tree
	index xorb.Index // of the xorb that is being filled
	err   error
}

func (c *converter) add(chunk merkle.Leaf) {
	if !xorb.Fits(len(c.index), c.size(), int64(chunk.Size)) {
		c.cut()
	}
	c.tree.Add(chunk)
	c.index = c.index.WithPlain(chunk)
	c.file.mark(chunk.Hash, len(c.file.Terms))
}

// mark notes a chunk by which the file may be found, where it stands first.
func (f *File) mark(chunk merkle.Hash, term int) {
	if (len(f.Marks) == 0 || chunk.DedupEligible()) && !f.marked[chunk] { // the first chunk always is
		if f.marked == nil {
			f.marked = map[merkle.Hash]bool{}
		}
		f.marked[chunk] = true
		f.Marks = append(f.Marks, Mark{chunk, uint32(term)})
	}
}

// cut ends a xorb. One with the same chunks that the store has already serves
// as well.
func (c *converter) cut() {
	if len(c.index) == 0 || c.err != nil {
		return
	}
	x := &Xorb{c.index.Hash(), c.index, Place{c.file.SHA256, c.file.Size}}
	old, err := c.store.Xorb(x.Hash)
	switch {
	case err == nil:
		x = old
	case errors.Is(err, fs.ErrNotExist):
		c.err = c.store.addXorb(x)
	default:
		c.err = err
	}
	c.file.Terms = append(c.file.Terms, Term{x.Hash, 0, uint32(len(c.index)), uint32(c.size()), x.Place})
	c.file.Size += c.size()
	c.index = nil
}

// size is how many bytes of data the xorb that is being filled has.
func (c *converter) size() int64 { return c.index.Packed() - int64(len(c.index))*xorb.Overhead }
