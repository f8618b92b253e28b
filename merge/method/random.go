package method

import (
	"slices"
	"sync"
)

// Random is a sequence of 32-bit random words: MT19937, seeded as torch seeds
// it. Words can be taken from anywhere in it, at the price of running through
// those since the last place that is remembered. Safe for concurrent use.
// Source: Matsumoto and Nishimura, "Mersenne Twister" (1998).
type Random struct {
	mu     sync.Mutex
	far    []generation // one every farApart, in order
	recent []generation // a ring of those that were asked for
	next   int          // of the ring
}

// NewRandom makes the sequence of a seed, of which the lower 32 bits count.
func NewRandom(seed int64) *Random {
	g := generation{number: 0}
	g.state[0] = uint32(seed)
	for i := 1; i < len(g.state); i++ {
		before := g.state[i-1]
		g.state[i] = 1812433253*(before^before>>30) + uint32(i)
	}
	return &Random{far: []generation{g}}
}

// generation is the generator's state: words of it number n are made of state n+1.
type generation struct {
	number int64
	state  [degree]uint32
}

const (
	degree   = 624
	middle   = 397
	farApart = 1 << 13 // generations between those that are always remembered
	nearby   = 256     // generations that were asked for lately and are remembered
)

// at is the state from which the words of a generation are made.
func (r *Random) at(number int64) generation {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := min(number/farApart, int64(len(r.far)-1))
	g := r.far[i]
	for i := range r.recent {
		if n := r.recent[i].number; n > g.number && n <= number {
			g = r.recent[i]
		}
	}
	if g.number == number {
		return g
	}
	for g.number < number {
		g.advance()
		if g.number == int64(len(r.far))*farApart {
			r.far = append(r.far, g)
		}
	}
	if len(r.recent) < nearby {
		r.recent = append(r.recent, g)
	} else {
		r.recent[r.next] = g
		r.next = (r.next + 1) % nearby
	}
	return g
}

// advance makes the next state of the state.
func (g *generation) advance() {
	g.number++
	twist(&g.state)
}

func twist(s *[degree]uint32) {
	mix := func(a, b, c uint32) uint32 {
		y := a&0x80000000 | b&0x7fffffff
		return c ^ y>>1 ^ -(y&1)&0x9908b0df
	}
	for i := range degree - middle {
		s[i] = mix(s[i], s[i+1], s[i+middle])
	}
	for i := degree - middle; i < degree-1; i++ {
		s[i] = mix(s[i], s[i+1], s[i+middle-degree])
	}
	s[degree-1] = mix(s[degree-1], s[0], s[middle-1])
}

// temper makes words of a state.
func temper(dst []uint32, state []uint32) {
	state = state[:len(dst)]
	for i := range dst {
		y := state[i]
		y ^= y >> 11
		y ^= y << 7 & 0x9d2c5680
		y ^= y << 15 & 0xefc60000
		dst[i] = y ^ y>>18
	}
}

// words are some words of a sequence.
type words struct{ at []uint32 }

var wordPool = sync.Pool{New: func() any { return new(words) }}

// words are n words from the one numbered first on. They must be freed.
func (r *Random) words(first int64, n int) *words {
	w := wordPool.Get().(*words)
	w.at = slices.Grow(w.at[:0], n)[:n]
	g := r.at(first / degree)
	for done, skip := 0, int(first%degree); done < n; skip = 0 {
		g.advance()
		k := min(n-done, degree-skip)
		temper(w.at[done:done+k], g.state[skip:])
		done += k
	}
	return w
}

func (w *words) free() { wordPool.Put(w) }
