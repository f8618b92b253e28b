// Package cdc cuts content into Xet chunks: where a chunk ends depends on the
// bytes before it alone, so the same bytes give the same chunks wherever they
// stand.
//
// A chunk ends after a byte at which the rolling gear hash of the last 64
// bytes has its upper 16 bits clear, at least MinSize and at most MaxSize from
// the chunk's start. Source: huggingface/hub-docs, docs/xet/chunking.md.
package cdc

import "math/bits"

// Bounds of a chunk's length in bytes. Only the last chunk of a file may be
// shorter than MinSize. TargetSize is the mean distance of two possible cuts.
const (
	MinSize    = 8 << 10
	TargetSize = 64 << 10
	MaxSize    = 128 << 10
)

// A Cutter finds the ends of chunks in content that comes block by block. Large
// blocks are fast ones. The zero Cutter is at the start of a file.
type Cutter struct {
	gear uint64   // rolling hash after the last byte seen
	size int      // bytes of the current chunk seen so far
	hits []uint64 // one bit per byte of a block: could a chunk end after it?
}

// Cut appends to ends where chunks end in block: offsets behind a chunk's last
// byte, from 1 to len(block). What follows the last of them belongs to a chunk
// that goes on in the next block or ends with the file.
func (c *Cutter) Cut(ends []int, block []byte) []int {
	c.hits = resize(c.hits, (len(block)+63)/64)
	c.gear = scan(block, c.gear, c.hits)
	start := -c.size // of the current chunk, relative to the block
	for {
		last := start + MaxSize - 1 // the chunk can not go beyond this byte
		hit := nextHit(c.hits, max(start+MinSize-1, 0), min(last, len(block)))
		if hit >= len(block) {
			break
		}
		start = hit + 1
		ends = append(ends, start)
	}
	c.size = len(block) - start
	return ends
}

// Reset puts c at the start of a file.
func (c *Cutter) Reset() { c.gear, c.size = 0, 0 }

// nextHit is the first set bit from from on, but at most limit.
func nextHit(hits []uint64, from, limit int) int {
	if from >= limit {
		return limit
	}
	word := from / 64
	set := hits[word] >> (from % 64) << (from % 64)
	for set == 0 {
		word++
		if word*64 >= limit {
			return limit
		}
		set = hits[word]
	}
	return min(word*64+bits.TrailingZeros64(set), limit)
}

// resize gives n zeroed words, from words when they are enough.
func resize(words []uint64, n int) []uint64 {
	if cap(words) < n {
		return make([]uint64, n)
	}
	words = words[:n]
	clear(words)
	return words
}
