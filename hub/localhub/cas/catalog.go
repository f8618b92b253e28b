package cas

import (
	"encoding/binary"
	"slices"

	"longcat/hub/xet/merkle"
)

// A catalog is what is kept in memory of all files: about 200 bytes each, and
// 100 for each 64 MiB of their content. It is made of the files' records, which
// are the truth.
type catalog struct {
	files   []Known // by number; the zero Known in place of one that is gone
	sha256s map[string]int32
	hashes  map[merkle.Hash]int32
	chunks  map[uint64][]int32 // files by chunk, see short
	xorbs   map[uint64][]int32 // files by xorb
}

func newCatalog() catalog {
	return catalog{
		sha256s: map[string]int32{}, hashes: map[merkle.Hash]int32{},
		chunks: map[uint64][]int32{}, xorbs: map[uint64][]int32{},
	}
}

// short is enough of a hash to find it by. That two share it is rare, and
// costs a look into a file's record.
func short(h merkle.Hash) uint64 { return binary.LittleEndian.Uint64(h[:]) }

func (c *catalog) add(f *File) {
	n := int32(len(c.files))
	c.files = append(c.files, f.Known)
	c.sha256s[f.SHA256] = n
	c.hashes[f.Hash] = n
	for _, m := range f.Marks {
		post(c.chunks, short(m.Chunk), n)
	}
	for _, t := range f.Terms {
		post(c.xorbs, short(t.Xorb), n)
	}
}

func post(index map[uint64][]int32, key uint64, n int32) {
	if list := index[key]; len(list) == 0 || list[len(list)-1] != n {
		index[key] = append(list, n)
	}
}

func (c *catalog) remove(f *File) {
	n, ok := c.sha256s[f.SHA256]
	if !ok {
		return
	}
	c.files[n] = Known{}
	delete(c.sha256s, f.SHA256)
	delete(c.hashes, f.Hash)
	for _, m := range f.Marks {
		unpost(c.chunks, short(m.Chunk), n)
	}
	for _, t := range f.Terms {
		unpost(c.xorbs, short(t.Xorb), n)
	}
}

func unpost(index map[uint64][]int32, key uint64, n int32) {
	list := slices.DeleteFunc(index[key], func(i int32) bool { return i == n })
	if len(list) == 0 {
		delete(index, key)
		return
	}
	index[key] = list
}

func (c *catalog) bySHA256(sha256 string) (Known, bool) {
	n, ok := c.sha256s[sha256]
	if !ok {
		return Known{}, false
	}
	return c.files[n], true
}

func (c *catalog) byHash(hash merkle.Hash) (Known, bool) {
	n, ok := c.hashes[hash]
	if !ok {
		return Known{}, false
	}
	return c.files[n], true
}

func (c *catalog) list(numbers []int32) []Known {
	list := make([]Known, len(numbers))
	for i, n := range numbers {
		list[i] = c.files[n]
	}
	return list
}
