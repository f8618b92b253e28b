package cdc

import (
	"crypto/sha256"
	"io"
	"testing"

	"longcat/hub/xet/merkle"
)

// bench gives write 64 MiB of random content a time, in blocks as an upload
// reads them.
func bench(b *testing.B, write func(block []byte)) {
	data := splitMix(64<<20, 1)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		for offset := 0; offset < len(data); offset += BlockSize {
			write(data[offset : offset+BlockSize])
		}
	}
}

func BenchmarkCut(b *testing.B) {
	var c Cutter
	var ends []int
	bench(b, func(block []byte) { ends = c.Cut(ends[:0], block) })
}

func BenchmarkChunkHash(b *testing.B) {
	bench(b, func(block []byte) {
		for len(block) > 0 {
			merkle.Chunk(block[:TargetSize])
			block = block[TargetSize:]
		}
	})
}

func BenchmarkSHA256(b *testing.B) {
	h := sha256.New()
	bench(b, func(block []byte) { h.Write(block) })
}

// BenchmarkHasher is chunking and chunk hashing together, which is what
// hf_xet.hash_files does.
func BenchmarkHasher(b *testing.B) {
	h := NewHasher(func(merkle.Leaf) {})
	bench(b, func(block []byte) { h.Write(block) })
}

// BenchmarkUpload is all that an upload does to every byte.
func BenchmarkUpload(b *testing.B) {
	var tree merkle.Tree
	w := io.MultiWriter(sha256.New(), NewHasher(tree.Add))
	bench(b, func(block []byte) { w.Write(block) })
}

func TestHasherAllocatesNothing(t *testing.T) {
	h := NewHasher(func(merkle.Leaf) {})
	data := splitMix(4<<20, 1)
	write := func() { h.Write(data) }
	write()
	if n := testing.AllocsPerRun(5, write); n != 0 {
		t.Errorf("%v allocations while hashing 4 MiB, want none", n)
	}
}
