// Package random is the sequence of random numbers that torch draws on a CPU:
// MT19937, seeded as torch seeds it, from any place on.
//
// Source: Matsumoto and Nishimura, "Mersenne Twister" (1998).
package random

import "sync"

// Sequence is a sequence of 32-bit random words. Words can be taken from
// anywhere in it, at the price of running through those since the last place that
// is remembered. Safe for concurrent use.
type Sequence struct {
	mu     sync.Mutex
	far    []generation       // one every farApart, in order
	recent [nearby]generation // where words were taken lately
	number [nearby]int64      // their numbers, -1 where there is none
	next   int                // of recent to be replaced
}

// New makes the sequence of a seed, of which the lower 32 bits count.
func New(seed int64) *Sequence {
	var g generation
	g.state[0] = uint32(seed)
	for i := 1; i < degree; i++ {
		before := g.state[i-1]
		g.state[i] = 1812433253*(before^before>>30) + uint32(i)
	}
	g.advance()
	g.number = 0
	s := &Sequence{far: []generation{g}}
	for i := range s.number {
		s.number[i] = -1
	}
	return s
}

// generation is a state of the generator: the words from degree·number on, degree
// many, are made of it.
type generation struct {
	number int64
	state  [degree]uint32
}

const (
	degree   = 624
	middle   = 397
	farApart = 1 << 13 // generations between those that are always remembered
	nearby   = 128     // generations that are remembered for a while
)

// Words fills dst with the words from the one numbered first on.
func (s *Sequence) Words(dst []uint32, first int64) {
	g := s.at(first / degree)
	skip := int(first % degree)
	for {
		k := min(len(dst), degree-skip)
		temper(dst[:k], g.state[skip:])
		if dst, skip = dst[k:], 0; len(dst) == 0 {
			break
		}
		g.advance()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remember(&g)
}

// at is the generation with a number.
func (s *Sequence) at(number int64) (g generation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := &s.far[min(number/farApart, int64(len(s.far)-1))]
	for i, n := range s.number {
		if n > from.number && n <= number {
			from = &s.recent[i]
		}
	}
	g = *from
	if g.number == number {
		return g
	}
	for g.number < number {
		g.advance()
		if g.number == int64(len(s.far))*farApart {
			s.far = append(s.far, g)
		}
	}
	s.remember(&g)
	return g
}

// remember keeps a state for a while.
func (s *Sequence) remember(g *generation) {
	s.recent[s.next], s.number[s.next] = *g, g.number
	s.next = (s.next + 1) % nearby
}

// advance makes the next state of the state.
func (g *generation) advance() {
	g.number++
	s := &g.state
	const turn = degree - middle
	i := 0
	if simd {
		i = turn &^ 7
		twistAVX2(&s[0], &s[middle], i)
	}
	for ; i < turn; i++ {
		s[i] = mix(s[i], s[i+1], s[i+middle])
	}
	if simd {
		const n = (middle - 1) &^ 7
		twistAVX2(&s[turn], &s[0], n)
		i += n
	}
	for ; i < degree-1; i++ {
		s[i] = mix(s[i], s[i+1], s[i-turn])
	}
	s[degree-1] = mix(s[degree-1], s[0], s[middle-1])
}

func mix(a, b, c uint32) uint32 {
	y := a&0x80000000 | b&0x7fffffff
	return c ^ y>>1 ^ -(y&1)&0x9908b0df
}

// temper makes words of a state.
func temper(dst, state []uint32) {
	state = state[:len(dst)]
	n := 0
	if simd && len(dst) >= 8 {
		n = len(dst) &^ 7
		temperAVX2(&dst[0], &state[0], n)
	}
	for i := n; i < len(dst); i++ {
		y := state[i]
		y ^= y >> 11
		y ^= y << 7 & 0x9d2c5680
		y ^= y << 15 & 0xefc60000
		dst[i] = y ^ y>>18
	}
}
