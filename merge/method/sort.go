package method

import (
	"cmp"
	"math"
	"slices"

	"longcat/merge/number"
)

// sorter has the room in which a row is sorted.
type sorter struct {
	narrow, narrow2 []uint32
	wide, wide2     []uint64
	index           []int32
}

// ascending lists the indexes of a row in the ascending order of magnitudes, of
// equal ones the lower index first. The row's elements lie stride apart in d.
func ascending[F number.Float](s *sorter, d []F, stride int) []int32 {
	n := (len(d) + stride - 1) / stride
	s.index = slices.Grow(s.index[:0], n)[:n]
	row, ok := any(d).([]float32)
	if !ok {
		for i := range s.index {
			s.index[i] = int32(i)
		}
		slices.SortStableFunc(s.index, func(i, j int32) int { return cmp.Compare(abs(d[int(i)*stride]), abs(d[int(j)*stride])) })
		return s.index
	}
	// Magnitude and index are sorted as one number, as short as it can be: the
	// lower half of a bfloat16's bits is 0.
	var all uint32
	for i := 0; i < len(row); i += stride {
		all |= math.Float32bits(row[i])
	}
	if all<<16 == 0 && n <= 1<<16 {
		s.narrow, s.narrow2 = slices.Grow(s.narrow[:0], n)[:n], slices.Grow(s.narrow2[:0], n)[:n]
		for i := range s.narrow {
			s.narrow[i] = math.Float32bits(row[i*stride])&0x7fff0000 | uint32(i)
		}
		byMagnitude(s.narrow, s.narrow2)
		for i, v := range s.narrow {
			s.index[i] = int32(v & 0xffff)
		}
		return s.index
	}
	s.wide, s.wide2 = slices.Grow(s.wide[:0], n)[:n], slices.Grow(s.wide2[:0], n)[:n]
	for i := range s.wide {
		s.wide[i] = uint64(math.Float32bits(row[i*stride])&^(1<<31))<<32 | uint64(i)
	}
	s.wide, s.wide2 = radix(s.wide, s.wide2, 32)
	for i, v := range s.wide {
		s.index[i] = int32(uint32(v))
	}
	return s.index
}

// byMagnitude sorts by the upper half of each number, whose two bytes are counted
// in one pass, with b as scratch. What is equal keeps its order.
func byMagnitude(a, b []uint32) {
	var low, high [256]int32
	for _, v := range a {
		low[uint8(v>>16)]++
		high[v>>24]++
	}
	l, h := int32(0), int32(0)
	for i := range low {
		low[i], l = l, l+low[i]
		high[i], h = h, h+high[i]
	}
	b = b[:len(a)]
	for _, v := range a {
		to := &low[uint8(v>>16)]
		b[*to] = v
		*to++
	}
	for _, v := range b {
		to := &high[v>>24]
		a[*to] = v
		*to++
	}
}

// radix sorts by the bits from shift on, with b as scratch, and returns the
// sorted vector and the scratch, which may have changed places. What is equal
// keeps its order.
func radix[K uint32 | uint64](a, b []K, shift int) (sorted, scratch []K) {
	var all K
	for _, v := range a {
		all |= v ^ a[0]
	}
	for ; all>>shift != 0; shift += 8 {
		if uint8(all>>shift) == 0 {
			continue
		}
		var start [256]int32
		for _, v := range a {
			start[uint8(v>>shift)]++
		}
		at := int32(0)
		for i, n := range start {
			start[i] = at
			at += n
		}
		for _, v := range a {
			to := &start[uint8(v>>shift)]
			b[*to] = v
			*to++
		}
		a, b = b, a
	}
	return a, b
}
