package method

import (
	"math"
	"slices"
	"sync"

	"longcat/merge/number"
)

// sorter has the room in which a row is sorted.
type sorter struct {
	keys, keys2   []uint64
	index, index2 []int32
}

var sorters = sync.Pool{New: func() any { return new(sorter) }}

// ascending lists the indexes of a row in the ascending order of magnitudes, of
// equal ones the lower index first. The row's elements lie stride apart in d.
func ascending[F number.Float](s *sorter, d []F, stride int) []int32 {
	n := (len(d) + stride - 1) / stride
	s.keys, s.keys2 = slices.Grow(s.keys[:0], n)[:n], slices.Grow(s.keys2[:0], n)[:n]
	s.index, s.index2 = slices.Grow(s.index[:0], n)[:n], slices.Grow(s.index2[:0], n)[:n]
	var all, ones uint64
	ones = math.MaxUint64
	for i := range n {
		k := magnitudeBits(d[i*stride])
		s.keys[i], s.index[i] = k, int32(i)
		all |= k
		ones &= k
	}
	// Digits that all keys have in common need no pass: the lower half of a
	// bfloat16, and most of its exponent.
	for varying, shift := all&^ones, 0; varying>>shift != 0; shift += 8 {
		if varying>>shift&0xff != 0 {
			s.pass(shift)
		}
	}
	return s.index
}

// pass sorts by one byte of the keys, and leaves equal ones in their order.
func (s *sorter) pass(shift int) {
	var start [256]int32
	for _, k := range s.keys {
		start[uint8(k>>shift)]++
	}
	at := int32(0)
	for i, n := range start {
		start[i] = at
		at += n
	}
	for i, k := range s.keys {
		to := start[uint8(k>>shift)]
		start[uint8(k>>shift)]++
		s.keys2[to], s.index2[to] = k, s.index[i]
	}
	s.keys, s.keys2 = s.keys2, s.keys
	s.index, s.index2 = s.index2, s.index
}

// magnitudeBits are bits that compare as magnitudes do.
func magnitudeBits[F number.Float](x F) uint64 {
	if x, ok := any(x).(float32); ok {
		return uint64(math.Float32bits(x) &^ (1 << 31))
	}
	return math.Float64bits(float64(x)) &^ (1 << 63)
}
