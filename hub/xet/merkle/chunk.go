package merkle

import (
	"sync"

	"github.com/zeebo/blake3"
)

// The keys of the four kinds of hashes. Source: docs/xet/hashing.md.
var (
	dataKey = Hash{
		102, 151, 245, 119, 91, 149, 80, 222, 49, 53, 203, 172, 165, 151, 24, 28,
		157, 228, 33, 16, 155, 235, 43, 88, 180, 208, 176, 75, 147, 173, 242, 41,
	}
	nodeKey = Hash{
		1, 126, 197, 199, 165, 71, 41, 150, 253, 148, 102, 102, 180, 138, 2, 230,
		93, 221, 83, 111, 55, 199, 109, 210, 248, 99, 82, 230, 74, 83, 113, 63,
	}
	rangeKey = Hash{
		127, 24, 87, 214, 206, 86, 237, 102, 18, 127, 249, 19, 231, 165, 195, 243,
		164, 205, 38, 213, 181, 219, 73, 230, 65, 36, 152, 127, 40, 251, 148, 195,
	}
	fileKey Hash // all zero
)

// A hasher is 10 KB; pools keep hashing free of allocation.
var (
	chunkHashers = sync.Pool{New: func() any { return newKeyed(&dataKey) }}
	nodeHashers  = sync.Pool{New: func() any { return newKeyed(&nodeKey) }}
)

// Chunk is the hash of a chunk's data.
func Chunk(data []byte) Hash { return pooled(&chunkHashers, data) }

func pooled(pool *sync.Pool, data []byte) Hash {
	hasher := pool.Get().(*blake3.Hasher)
	defer pool.Put(hasher)
	hasher.Reset()
	_, _ = hasher.Write(data) // never fails
	return sum(hasher)
}

// A ChunkHash hashes a chunk whose data comes in pieces.
type ChunkHash struct {
	hasher *blake3.Hasher
}

// NewChunk starts a chunk's hash.
func NewChunk() *ChunkHash { return &ChunkHash{newKeyed(&dataKey)} }

// Add appends data to the chunk.
func (c *ChunkHash) Add(data []byte) {
	_, _ = c.hasher.Write(data) // never fails
}

// Sum is the hash of the data added since the start or since the last Sum, and
// begins the next chunk.
func (c *ChunkHash) Sum() Hash {
	h := sum(c.hasher)
	c.hasher.Reset()
	return h
}

// Range computes a term's verification hash: proof that who names the term
// knows its chunks.
type Range struct {
	hasher *blake3.Hasher
}

// NewRange starts a verification hash.
func NewRange() *Range { return &Range{newKeyed(&rangeKey)} }

// Add appends the hash of the term's next chunk.
func (r *Range) Add(chunk Hash) {
	_, _ = r.hasher.Write(chunk[:]) // never fails
}

// Sum is the hash of the chunks added since the start or since the last Sum,
// and begins the next term.
func (r *Range) Sum() Hash {
	h := sum(r.hasher)
	r.hasher.Reset()
	return h
}
