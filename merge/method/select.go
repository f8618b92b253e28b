package method

import (
	"math"
	"sync"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// selection finds elements by their position in the ascending order of lists of
// values, without sorting: it counts how often each leading part of a value
// occurs, then the parts that follow it. Of equal values the lower index comes
// first.
type selection[F number.Float] struct {
	t      *tensor[F]
	values func(b *block[F], list int) []F
	cuts   [][]cut // of each list, in the order of the calls
}

// cut is a place in the order of a list. The elements before it are those that
// are smaller than value, and those that equal it and have an index below index.
type cut struct {
	value float64
	index int64

	position int64  // how many elements lie before it
	top      bool   // of equal elements those with higher indexes lie before it
	key      uint64 // leading digits that are known
	less     int64  // elements whose leading digits are smaller
	equal    int64  // elements that have them
}

// selectFrom makes a selection over lists of values, which may be scratch.
func (t *tensor[F]) selectFrom(lists int, values func(b *block[F], list int) []F) *selection[F] {
	return &selection[F]{t: t, values: values, cuts: make([][]cut, lists)}
}

// magnitudes is a selection over those of the models' differences from the base.
func (t *tensor[F]) magnitudes() *selection[F] {
	return t.selectFrom(len(t.others), func(b *block[F], i int) []F {
		d := b.vec()
		t.sub(d, b.x[t.others[i]], b.x[t.Base])
		number.Abs(d, d)
		return d
	})
}

// position asks for the cut before the element at a position.
func (s *selection[F]) position(list int, position int64) {
	s.cuts[list] = append(s.cuts[list], cut{position: position})
}

// largest asks for the cut between the k largest elements and the others, where
// of equal ones those with lower indexes count as larger. Elements that equal
// the value are among the largest if their index is below the cut's.
func (s *selection[F]) largest(list int, k int64) {
	s.cuts[list] = append(s.cuts[list], cut{position: s.t.n - k, top: true})
}

// digit is how many bits are counted at a time.
const digit = 16

// find fills in the cuts' values.
func (s *selection[F]) find() error {
	bits := width[F]()
	for shift := bits - digit; shift >= 0; shift -= digit {
		if shift == 0 && bits == 32 && !s.t.exact && s.t.dtype == safetensors.BF16 {
			s.fill()
		} else if err := s.refine(shift); err != nil {
			return err
		}
	}
	for _, cuts := range s.cuts {
		for i, c := range cuts {
			cuts[i].value, cuts[i].index = unordered[F](c.key), s.t.n
			if c.position >= s.t.n {
				cuts[i].value = math.Inf(1)
			}
		}
	}
	return nil
}

// fill sets the last digit of bfloat16 values, which is the same in all that are
// positive and in all that are negative.
func (s *selection[F]) fill() {
	for _, cuts := range s.cuts {
		for i := range cuts {
			cuts[i].key <<= digit
			if cuts[i].key>>31 == 0 {
				cuts[i].key |= 1<<digit - 1
			}
		}
	}
}

// histogram counts digits.
type histogram []uint32

// histograms makes one for each cut; cuts of a list that have the same key share
// it.
func (s *selection[F]) histograms() [][]histogram {
	all := make([][]histogram, len(s.cuts))
	for list, cuts := range s.cuts {
		for i := range cuts {
			if i > 0 && cuts[i].key == cuts[i-1].key {
				all[list] = append(all[list], all[list][i-1])
			} else {
				all[list] = append(all[list], make(histogram, 1<<digit))
			}
		}
	}
	return all
}

// refine finds one more digit of each cut's key.
func (s *selection[F]) refine(shift int) error {
	var workers [][][]histogram
	var mu sync.Mutex
	err := s.t.each(0, s.t.count(), func() func(*block[F]) {
		counts := s.histograms()
		mu.Lock()
		workers = append(workers, counts)
		mu.Unlock()
		return func(b *block[F]) {
			for list, cuts := range s.cuts {
				if len(cuts) == 0 {
					continue
				}
				v := s.values(b, list)
				for i := range cuts {
					if i == 0 || cuts[i].key != cuts[i-1].key {
						count(counts[list][i], shift, cuts[i].key, v)
					}
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for list, cuts := range s.cuts {
		refined := make([]cut, len(cuts))
		for i, c := range cuts {
			refined[i] = c.refine(func(d int) (n int64) {
				for _, w := range workers {
					n += int64(w[list][i][d])
				}
				return n
			})
		}
		copy(cuts, refined)
	}
	return nil
}

// refine adds the digit to the key in which the cut's position falls.
func (c cut) refine(count func(digit int) int64) cut {
	for d := range 1 << digit {
		n := count(d)
		if c.position < c.less+n || d == 1<<digit-1 {
			c.key, c.equal = c.key<<digit|uint64(d), n
			return c
		}
		c.less += n
	}
	return c
}

// locate fills in the cuts' indexes.
func (s *selection[F]) locate() error {
	per := s.t.spanLen() * s.t.blockLen()
	counts := make([][][]int64, len(s.cuts)) // list, cut, span
	search := false
	for list, cuts := range s.cuts {
		counts[list] = make([][]int64, len(cuts))
		for i := range cuts {
			switch c := &cuts[i]; {
			case c.position >= s.t.n || c.first() == c.equal:
			case c.first() == 0:
				c.index = 0
			default:
				counts[list][i] = make([]int64, (s.t.n+per-1)/per)
				search = true
			}
		}
	}
	if !search {
		return nil
	}
	err := s.t.scan(func(b *block[F]) {
		s.equals(b, counts, func(list, i int, v []F, want F) {
			counts[list][i][b.first/per] += int64(number.CountEqual(v, want))
		})
	})
	if err != nil {
		return err
	}
	for list, cuts := range s.cuts {
		for i := range cuts {
			if counts[list][i] == nil {
				continue
			}
			if err := s.locateIn(list, &cuts[i], counts[list][i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// equals calls f with the values of each cut whose equals are counted.
func (s *selection[F]) equals(b *block[F], counts [][][]int64, f func(list, i int, v []F, want F)) {
	for list, cuts := range s.cuts {
		var v []F
		for i, c := range cuts {
			if counts[list][i] == nil {
				continue
			}
			if v == nil {
				v = s.values(b, list)
			}
			f(list, i, v, F(c.value))
		}
	}
}

// locateIn finds a cut's index by how many elements of each span equal it.
func (s *selection[F]) locateIn(list int, c *cut, counts []int64) error {
	left, span := c.first(), int64(0)
	for left >= counts[span] {
		left -= counts[span]
		span++
	}
	from := span * s.t.spanLen()
	found := false
	return s.t.each(from, min(from+s.t.spanLen(), s.t.count()), func() func(*block[F]) {
		return func(b *block[F]) {
			for k, x := range s.values(b, list) {
				if found || x != F(c.value) {
					continue
				}
				if found = left == 0; found {
					c.index = b.first + int64(k)
				}
				left--
			}
		}
	})
}

// first is how many of the elements that equal the cut's value have an index
// below the cut's.
func (c cut) first() int64 {
	if c.top {
		return c.less + c.equal - c.position
	}
	return c.position - c.less
}

func width[F number.Float]() int {
	if _, ok := any(F(0)).(float32); ok {
		return 32
	}
	return 64
}

// count counts the values whose leading digits are key by the digit at shift.
func count[F number.Float](h histogram, shift int, key uint64, v []F) {
	switch v := any(v).(type) {
	case []float32:
		if h := h[:1<<digit]; shift == digit {
			for _, x := range v {
				h[ordered32(x)>>digit]++
			}
			return
		}
		for _, x := range v {
			if k := ordered32(x); k>>digit == uint32(key) {
				h[uint16(k)]++
			}
		}
	case []float64:
		for _, x := range v {
			if k := ordered64(x); k>>shift>>digit == key {
				h[uint16(k>>shift)]++
			}
		}
	}
}

// ordered32 maps a value to bits that compare as values do.
func ordered32(x float32) uint32 {
	b := math.Float32bits(x)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

// ordered64 is ordered32 of float64.
func ordered64(x float64) uint64 {
	b := math.Float64bits(x)
	return b ^ (uint64(int64(b)>>63) | 1<<63)
}

// unordered is the inverse of both.
func unordered[F number.Float](k uint64) float64 {
	if width[F]() == 32 {
		b := uint32(k)
		return float64(math.Float32frombits(b ^ (uint32(^int32(b)>>31) | 1<<31)))
	}
	return math.Float64frombits(k ^ (uint64(^int64(k)>>63) | 1<<63))
}
