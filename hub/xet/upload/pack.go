package upload

import (
	"encoding/binary"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/xorb"
)

// A packer gathers new chunks into xorbs, in the order in which they come.
type packer struct {
	limit  func(packed int64) int64 // bytes of a serialized xorb, behind so many bytes in others
	packed int64                    // bytes in the xorbs that are complete
	most   int                      // chunks to remember
	all    []*newXorb               // the last one may be open
	open   bool                     // it is
	seal   func(*newXorb)           // is given each xorb that is complete
	index  map[uint64]uint32        // first bytes of a chunk's hash → where it is: see locate
	next   uint32                   // where the chunk behind the one found last is
}

// A newXorb is a xorb to be sent. It knows what is in it, not the data.
type newXorb struct {
	xorbRef
	chunks []shard.Chunk
	runs   []run
	size   int64         // bytes of data
	packed uint32        // bytes of the serialized xorb, once done
	done   chan struct{} // closed when the server has it
}

// A run is data of chunks that lie side by side in a content.
type run struct {
	content  *Content
	from, to int64
}

// locate numbers chunks: a xorb's number and an index in it.
func locate(x int, i int) uint32 { return uint32(x*xorb.MaxChunks + i) }

func (p *packer) at(where uint32) (*newXorb, uint32) {
	x, i := int(where/xorb.MaxChunks), where%xorb.MaxChunks
	if x >= len(p.all) || int(i) >= len(p.all[x].chunks) {
		return nil, 0
	}
	return p.all[x], i
}

// forget drops what is known of the first n xorbs. A chunk of theirs that comes
// up again will be found by asking, or be new once more.
func (p *packer) forget(n int) {
	for _, x := range p.all[:n] {
		x.chunks = nil
	}
	for hash, where := range p.index {
		if int(where/xorb.MaxChunks) < n {
			delete(p.index, hash)
		}
	}
}

// maxIndex is how many chunks can be found again: 64 GB of content, some 60 MB
// of memory.
const maxIndex = 1 << 20

// find looks for a chunk that was added before, first behind the one found
// last.
func (p *packer) find(hash merkle.Hash) (place, bool) {
	where, found := p.index[binary.LittleEndian.Uint64(hash[:])]
	for _, w := range []uint32{p.next, where} {
		if x, i := p.at(w); found && x != nil && x.chunks[i].Hash == hash {
			p.next = w + 1
			return place{&x.xorbRef, i}, true
		}
	}
	return place{}, false
}

// add takes a new chunk that begins at byte from of the content.
func (p *packer) add(c *Content, from int64, leaf merkle.Leaf) place {
	if p.open {
		if x := p.all[len(p.all)-1]; !xorb.Fits(len(x.chunks), x.size+xorb.MaxBytes-p.limit(p.packed), int64(leaf.Size)) {
			p.flush()
		}
	}
	if !p.open {
		p.all = append(p.all, &newXorb{done: make(chan struct{})})
		p.open = true
	}
	n := len(p.all) - 1
	x := p.all[n]
	i := len(x.chunks)
	x.chunks = append(x.chunks, shard.Chunk{Hash: leaf.Hash, Size: uint32(leaf.Size)})
	x.size += int64(leaf.Size)
	to := from + int64(leaf.Size)
	if r := len(x.runs); r > 0 && x.runs[r-1].content == c && x.runs[r-1].to == from {
		x.runs[r-1].to = to
	} else {
		x.runs = append(x.runs, run{c, from, to})
	}
	p.index[binary.LittleEndian.Uint64(leaf.Hash[:])] = locate(n, i)
	return place{&x.xorbRef, uint32(i)}
}

// flush completes the open xorb, if there is one.
func (p *packer) flush() {
	if !p.open {
		return
	}
	x := p.all[len(p.all)-1]
	p.open = false
	p.packed += x.size
	var tree merkle.Tree
	for _, c := range x.chunks {
		tree.Add(merkle.Leaf{Hash: c.Hash, Size: uint64(c.Size)})
	}
	x.hash = tree.Root()
	p.seal(x)
}
