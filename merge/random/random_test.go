package random

import (
	"slices"
	"sync"
	"testing"
)

func take(s *Sequence, first int64, n int) []uint32 {
	w := make([]uint32, n)
	s.Words(w, first)
	return w
}

// TestWords takes words from everywhere, at the same time, and holds one against
// the number that the generator's authors give for the seed 5489.
func TestWords(t *testing.T) {
	if got := take(New(5489), 9999, 1)[0]; got != 4123659995 {
		t.Errorf("the 10000th word is %d", got)
	}
	all := take(New(3), 0, 6_000_000)
	s := New(3)
	var wg sync.WaitGroup
	for _, first := range []int64{5_500_000, 0, 623, 624, 625, 1247, 5_200_001, 5_111_808, 3_000_000, 5_500_700, 5_502_000} {
		wg.Go(func() {
			for range 3 {
				if got := take(s, first, 2000); !slices.Equal(got, all[first:first+2000]) {
					t.Errorf("the words from %d on differ", first)
				}
			}
		})
	}
	wg.Wait()
}

// TestTwin holds what is done eight words at a time against the plain loops.
func TestTwin(t *testing.T) {
	g := New(1).far[0]
	plain := g.state
	for range 5 {
		g.advance()
		for i := range plain {
			plain[i] = mix(plain[i], plain[(i+1)%degree], plain[(i+middle)%degree])
		}
		if g.state != plain {
			t.Fatal("the states differ")
		}
	}
	whole := make([]uint32, degree)
	temper(whole, plain[:])
	for i := range whole {
		one := []uint32{0}
		if temper(one, plain[i:]); one[0] != whole[i] {
			t.Fatal("the words differ")
		}
	}
}

func BenchmarkWords(b *testing.B) {
	s, w := New(1), make([]uint32, 4096)
	b.SetBytes(4 * 4096)
	for i := int64(0); b.Loop(); i += 4096 {
		s.Words(w, i)
	}
}
