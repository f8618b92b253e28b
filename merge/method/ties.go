package method

import (
	"math"

	"longcat/merge/number"
)

// ties keeps of each model's difference from the base the share density that is
// largest in magnitude, and of those the elements that have the elected sign.
// Source: "TIES-Merging" (arXiv 2306.01708).
func ties[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := magnitude(t)
	return t.combine(p, err, (*block[F]).elect)
}

// magnitude keeps the largest elements of the tensor, of equal ones those of the
// lowest index.
func magnitude[F number.Float](t *tensor[F]) (prune[F], error) {
	none := make([]bool, len(t.others))
	top := t.magnitudes()
	for i, in := range t.others {
		switch density := t.Inputs[in].Params["density"]; {
		case density >= 1:
		case density <= 0:
			none[i] = true
		default:
			top.largest(i, max(1, int64(density*float64(t.n))))
		}
	}
	if err := top.find(); err != nil {
		return nil, err
	}
	if err := top.locate(); err != nil {
		return nil, err
	}
	return t.rescale(func(b *block[F], i int, d []F) {
		switch c := top.cuts[i]; {
		case none[i]:
			clear(d)
		case len(c) > 0:
			// Up to the cut's index what equals its value is kept, after it not.
			v, kept := F(c[0].value), clampIndex(c[0].index-b.first, len(d))
			number.ZeroBelow(d[:kept], v)
			number.ZeroBelow(d[kept:], next(v))
		}
	}, t.arith)
}

// clampIndex moves an index into 0 … n.
func clampIndex(i int64, n int) int { return int(max(0, min(i, int64(n)))) }

// next is the least value above v, which is not negative.
func next[F number.Float](v F) F {
	if width[F]() == 32 {
		return F(math.Nextafter32(float32(v), float32(math.Inf(1))))
	}
	return F(math.Nextafter(float64(v), math.Inf(1)))
}

func abs[F number.Float](x F) F {
	if x < 0 {
		return -x
	}
	return x
}
