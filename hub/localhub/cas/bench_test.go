package cas

import (
	"bytes"
	"os"
	"testing"

	"longcat/hub/xet/shard"
)

const benchSize = 60 << 20

// BenchmarkConvert finds the chunks of an object.
func BenchmarkConvert(b *testing.B) {
	s := newShelf(b)
	content := random(benchSize, 1)
	name := sum(content)
	s.ok(os.WriteFile(s.object(name), content, 0o644))
	b.SetBytes(benchSize)
	for b.Loop() {
		if _, err := s.Convert(b.Context(), name); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCheck verifies files made of a xorb that does not compress, of one
// that does, and of a range of an object.
func BenchmarkCheck(b *testing.B) {
	weights := random(benchSize, 1)
	for i := range weights {
		if i%2 == 1 {
			weights[i] = 0x3c | weights[i]&3 // about what the upper byte of a bfloat16 looks like
		}
	}
	for name, content := range map[string][]byte{"plain": random(benchSize, 2), "packed": weights} {
		b.Run(name, func(b *testing.B) {
			s := newShelf(b)
			benchCheck(b, s, s.send(content), content)
		})
	}
	b.Run("object", func(b *testing.B) {
		s := newShelf(b)
		content := random(benchSize, 3)
		f := s.convert(content)
		x, err := s.Xorb(f.Terms[0].Xorb)
		s.ok(err)
		part2 := content[x.Index[0].Leaf.Size:]
		benchCheck(b, s, claimOf(part2, part{x.Index, 1, len(x.Index)}), part2)
	})
}

func benchCheck(b *testing.B, s *shelf, claim *shard.File, content []byte) {
	check := Check{Store: s.Store, May: anything}
	b.SetBytes(int64(len(content)))
	for b.Loop() {
		if _, err := check.File(b.Context(), claim); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPutXorb takes a xorb that does not compress.
func BenchmarkPutXorb(b *testing.B) {
	s := newShelf(b)
	packed, index := pack(b, random(benchSize, 1))
	b.SetBytes(int64(len(packed)))
	for b.Loop() {
		if _, err := s.PutXorb(index.Hash(), "ann", now, bytes.NewReader(packed)); err != nil {
			b.Fatal(err)
		}
	}
}
