package method

import "longcat/merge/number"

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
			v := F(c[0].value)
			for k, x := range d {
				if m := abs(x); m < v || m == v && b.first+int64(k) >= c[0].index {
					d[k] = x * 0
				}
			}
		}
	}, t.arith)
}

func abs[F number.Float](x F) F {
	if x < 0 {
		return -x
	}
	return x
}
