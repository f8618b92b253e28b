package method

import "longcat/merge/number"

// della keeps elements of a model's difference from the base at random, the
// larger ones of a row more probably, and elects signs.
// Source: "DELLA-Merging" (arXiv 2406.11617).
func della[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := ranked(t)
	return t.combine(p, err, (*block[F]).elect)
}

// dellaLinear is the same without the election.
func dellaLinear[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := ranked(t)
	return t.combine(p, err, (*block[F]).add)
}

// ranked keeps an element with a probability between density − epsilon and
// density + epsilon, that grows with the rank of its magnitude in its row. Of
// equal magnitudes the lower index ranks lower.
func ranked[F number.Float](t *tensor[F]) (prune[F], error) {
	a := t.maskArith()
	row, stride := t.ranks()
	t.row = row * stride
	first := t.drawn(ranks)
	limits := make([][]uint32, len(first))
	for i, in := range t.others {
		density, ε := t.Inputs[in].Params["density"], t.Inputs[in].Params["epsilon"]
		if first[i] >= 0 {
			limits[i] = arith[F]{dtype: a.dtype}.probabilities(int(row), density, ε)
		}
	}
	m := masks[F]{t: t, draw: func(b *block[F], i int, d []F, bits []byte) {
		switch density := t.Inputs[t.others[i]].Params["density"]; {
		case density >= 1:
			fill(bits)
			return
		case density <= 0:
			clear(bits)
			return
		}
		clear(bits)
		words := b.draw(t, first[i])
		for from := 0; from < len(d); from += int(t.row) {
			for lane := from; lane < from+int(stride); lane++ {
				for rank, k := range ascending(&b.sorter, d[lane:from+int(t.row)], int(stride)) {
					k := uint(lane) + uint(k)*uint(stride)
					below := (words[k]&0xffffff - limits[i][rank]) >> 31 // a branch would be guessed wrong half the time
					bits[k/8] |= byte(below << (k % 8))
				}
			}
		}
	}}
	return m.prune(a)
}

// ranks is how long the rows are in which elements are ranked, and how far apart
// their elements lie: the second axis, or all of a vector.
func (t *tensor[F]) ranks() (row, stride int64) {
	if len(t.Shape) < 2 {
		return max(t.n, 1), 1
	}
	stride = 1
	for _, d := range t.Shape[2:] {
		stride *= d
	}
	return max(t.Shape[1], 1), max(stride, 1)
}

// probabilities lists the thresholds of the ranks of a row. They decide a mask,
// so that they are rounded step by step even where all else is exact. A row of
// one element has none: 0/0.
func (a arith[F]) probabilities(n int, density, ε float64) []uint32 {
	limits := make([]uint32, n)
	low, high := a.q(density-ε), a.q(a.q(float64(n-1))+1)
	for i := range limits {
		r := a.q(a.q(float64(i)) + 1)
		if n == 1 {
			continue
		}
		r = clamp(a.q(a.q(r-1)/a.q(high-1)), 0, 1)
		limits[i] = threshold(a.q(low + a.q(a.q(r*2)*float64(float32(ε)))))
	}
	return limits
}
