package cas

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/xorb"
)

// A ClaimError says why a shard's word about a file is not taken.
type ClaimError struct {
	File   merkle.Hash
	Reason string
}

func (e *ClaimError) Error() string { return fmt.Sprintf("file %v: %s", e.File, e.Reason) }

// maxFile is the most bytes that a file may have.
const maxFile = 1 << 40

// A Check verifies what shards say of files.
type Check struct {
	Store *Store
	May   func(x *Xorb, first, end uint32) bool // may these chunks be used?
	Read  func(n int)                           // is told of n bytes more that were read; may be nil
}

// File verifies down to the last byte what a shard says of a file: that each
// term names chunks that are there, may be used and are known to who wrote the
// shard, that together they make the file of that name, and that the content
// has the sha256. It returns the file, to be added. A *ClaimError is the
// shard's fault.
func (c *Check) File(ctx context.Context, claim *shard.File) (*File, error) {
	wrong := func(format string, args ...any) error {
		return &ClaimError{claim.Hash, fmt.Sprintf(format, args...)}
	}
	switch {
	case !claim.Verified:
		return nil, wrong("its terms have no verification hashes")
	case claim.SHA256 == nil:
		return nil, wrong("it has no sha256")
	case claim.Size() > maxFile:
		return nil, wrong("it has %d bytes, more than %d", claim.Size(), int64(maxFile))
	}
	f := &File{
		Known:      Known{hex.EncodeToString(claim.SHA256[:]), claim.Hash, claim.Size()},
		Terms:      make([]Term, 0, len(claim.Terms)),
		generation: c.Store.Generation(),
	}
	var tree merkle.Tree
	verification := merkle.NewRange()
	for i, t := range claim.Terms {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x, err := c.Store.Xorb(t.Xorb)
		if errors.Is(err, fs.ErrNotExist) || err == nil && (int(t.End) > len(x.Index) || !c.May(x, t.First, t.End)) {
			return nil, wrong("term %d: xorb %v has no chunks %d to %d", i, t.Xorb, t.First, t.End)
		}
		if err != nil {
			return nil, err
		}
		size := uint64(0)
		for _, e := range x.Index[t.First:t.End] {
			tree.Add(e.Leaf)
			verification.Add(e.Hash)
			f.mark(e.Hash, i)
			size += e.Leaf.Size
		}
		if verification.Sum() != t.Verification {
			return nil, wrong("term %d: its verification hash is wrong", i)
		}
		if size != uint64(t.Size) {
			return nil, wrong("term %d: it has %d bytes, not %d", i, size, t.Size)
		}
		f.Terms = append(f.Terms, Term{t.Xorb, t.First, t.End, t.Size, x.place(t.First)})
	}
	if got := tree.File(); got != claim.Hash {
		return nil, wrong("its chunks make %v", got)
	}
	if known, there := c.Store.ByHash(f.Hash); there && known.SHA256 == f.SHA256 {
		return f, nil // the same chunks make the same content
	}
	got, err := c.sum(ctx, f)
	if err != nil {
		return nil, err
	}
	if got != f.SHA256 {
		return nil, wrong("its sha256 is %s, not %s", got, f.SHA256)
	}
	return f, nil
}

// place is where the data of a xorb's chunk and those after it lies.
func (x *Xorb) place(chunk uint32) Place {
	if x.Object == "" {
		return Place{}
	}
	from, _ := x.Index.Bytes(int(chunk), int(chunk))
	return Place{x.Object, x.Offset + from - int64(chunk)*xorb.Overhead}
}

// sum is the sha256 of a file's content.
func (c *Check) sum(ctx context.Context, f *File) (string, error) {
	content := c.Store.Open(f)
	defer content.Close()
	sum := sha256.New()
	buf := make([]byte, copySize)
	for {
		n, err := content.Read(buf)
		_, _ = sum.Write(buf[:n]) // never fails
		if c.Read != nil {
			c.Read(n)
		}
		switch {
		case err == io.EOF:
			return hex.EncodeToString(sum.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", ctx.Err()
		}
	}
}
