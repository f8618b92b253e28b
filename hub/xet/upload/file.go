package upload

import (
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// A place is where a chunk stands: in a xorb, at an index. The zero place is
// none.
type place struct {
	xorb  *xorbRef
	index uint32
}

// A xorbRef stands for a xorb, whose hash is known only once it is complete.
type xorbRef struct {
	hash merkle.Hash
}

// A file collects the terms of a content.
type file struct {
	File
	terms        []term
	tree         merkle.Tree
	verification *merkle.Range
}

type term struct {
	xorb *xorbRef
	shard.Term
}

func newFile() *file { return &file{verification: merkle.NewRange()} }

// add appends a chunk that stands at p.
func (f *file) add(leaf merkle.Leaf, p place) {
	f.tree.Add(leaf)
	f.Size += int64(leaf.Size)
	if n := len(f.terms); n > 0 && f.terms[n-1].continues(p) {
		f.terms[n-1].End++
		f.terms[n-1].Size += uint32(leaf.Size)
	} else {
		f.endTerm()
		f.terms = append(f.terms, term{p.xorb, shard.Term{First: p.index, End: p.index + 1, Size: uint32(leaf.Size)}})
	}
	f.verification.Add(leaf.Hash)
}

func (f *file) endTerm() {
	if n := len(f.terms); n > 0 {
		f.terms[n-1].Verification = f.verification.Sum()
	}
}

// continues says whether the chunk at p follows the term's last one.
func (t *term) continues(p place) bool {
	same := t.xorb == p.xorb || t.xorb.hash == p.xorb.hash && p.xorb.hash != (merkle.Hash{})
	return same && t.End == p.index
}

// finish ends the file, whose content has the sha256 sum.
func (f *file) finish(sum [32]byte) {
	f.endTerm()
	f.SHA256 = sum
	f.Hash = f.tree.File()
	f.verification = nil
}

// record is how the file stands in a shard. All its xorbs must be complete.
func (f *file) record() shard.File {
	r := shard.File{Hash: f.Hash, SHA256: &f.SHA256, Verified: true, Terms: make([]shard.Term, len(f.terms))}
	for i, t := range f.terms {
		r.Terms[i] = t.Term
		r.Terms[i].Xorb = t.xorb.hash
	}
	return r
}
