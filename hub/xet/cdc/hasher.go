package cdc

import (
	"longcat/hub/xet/merkle"
)

// BlockSize is a good length of the blocks given to Cut and Write: long enough
// for their fixed cost not to count, short enough for a core's own cache.
const BlockSize = 1 << 20

// A Hasher cuts what is written to it into chunks and hashes them. It keeps
// none of the content and, once warm, allocates nothing.
type Hasher struct {
	cutter Cutter
	ends   []int
	chunk  *merkle.ChunkHash
	size   uint64 // bytes of the current chunk
	emit   func(merkle.Leaf)
}

// NewHasher starts a file; emit gets its chunks in order.
func NewHasher(emit func(merkle.Leaf)) *Hasher {
	return &Hasher{chunk: merkle.NewChunk(), emit: emit}
}

// Write takes the next bytes of the file. It never fails.
func (h *Hasher) Write(block []byte) (int, error) {
	h.ends = h.cutter.Cut(h.ends[:0], block)
	start := 0
	for _, end := range h.ends {
		h.add(block[start:end])
		h.finish()
		start = end
	}
	h.add(block[start:])
	return len(block), nil
}

// Close ends the file, emitting its last chunk if one is open. The Hasher is
// then at the start of another file. It never fails.
func (h *Hasher) Close() error {
	if h.size > 0 {
		h.finish()
	}
	h.cutter.Reset()
	return nil
}

func (h *Hasher) add(data []byte) {
	h.chunk.Add(data)
	h.size += uint64(len(data))
}

func (h *Hasher) finish() {
	h.emit(merkle.Leaf{Hash: h.chunk.Sum(), Size: h.size})
	h.size = 0
}
