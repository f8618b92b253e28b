package cache

import (
	"cmp"
	"slices"
)

// Extent is the bytes from Start up to, not including, End.
type Extent struct {
	Start, End int64
}

// Len is the number of bytes.
func (e Extent) Len() int64 { return e.End - e.Start }

// extents is a set of bytes: sorted, disjoint, never touching.
type extents []Extent

// add unites the set with e.
func (x extents) add(e Extent) extents {
	if e.Start >= e.End {
		return x
	}
	// i is the first extent that touches e, j the first one wholly behind it.
	i, _ := slices.BinarySearchFunc(x, e.Start, func(a Extent, start int64) int { return cmp.Compare(a.End, start) })
	j := i
	for j < len(x) && x[j].Start <= e.End {
		e.Start = min(e.Start, x[j].Start)
		e.End = max(e.End, x[j].End)
		j++
	}
	return slices.Replace(x, i, j, e)
}

// missing is what [0, size) has beyond the set.
func (x extents) missing(size int64) []Extent { return x.missingIn(Extent{0, size}) }

// missingIn is what of within is not in the set, in order.
func (x extents) missingIn(within Extent) []Extent {
	var gaps []Extent
	at := within.Start
	i, _ := slices.BinarySearchFunc(x, at, func(a Extent, start int64) int { return cmp.Compare(a.End, start) })
	for _, e := range x[i:] {
		if e.Start >= within.End {
			break
		}
		if e.Start > at {
			gaps = append(gaps, Extent{at, e.Start})
		}
		at = e.End
	}
	if at < within.End {
		gaps = append(gaps, Extent{at, within.End})
	}
	return gaps
}

// frontier is how far the set reaches from 0 without a gap.
func (x extents) frontier() int64 {
	if len(x) == 0 || x[0].Start > 0 {
		return 0
	}
	return x[0].End
}

// bytes is the size of the set.
func (x extents) bytes() (n int64) {
	for _, e := range x {
		n += e.Len()
	}
	return n
}
