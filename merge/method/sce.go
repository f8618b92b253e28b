package method

import (
	"math"

	"longcat/merge/number"
)

// sce selects the elements in which the models' differences from the base vary
// most, weighs each model by the mean square of what is left of its difference,
// and erases what has another sign than the sum.
// Source: "FuseChat" (arXiv 2408.07990).
func sce[F number.Float](t *tensor[F]) (step[F], error) {
	if len(t.others) == 0 {
		return base[F](t), nil
	}
	selected, err := t.mostVarying(t.Params["select_topk"])
	if err != nil {
		return nil, err
	}
	k := len(t.others)
	squares, err := t.sums(k, func(b *block[F], s []float64) {
		d, v := b.deltas(t), b.vec()
		selected(b, d)
		for i := range d {
			t.mul(v, d[i], d[i])
			s[i] += sum(v)
		}
	})
	if err != nil {
		return nil, err
	}
	w, all := make([]float64, k), 0.0
	for i, s := range squares {
		w[i] = t.q(s / float64(t.n))
		all += w[i]
	}
	all = t.q(all)
	for i := range w {
		if math.Abs(all) < 1e-6 {
			w[i] = t.q(1 / float64(k))
		} else {
			w[i] = t.q(w[i] / t.s(all))
		}
	}
	least := F(t.s(1e-6))
	return func(b *block[F]) {
		d := b.deltas(t)
		selected(b, d)
		mix, div, weights := b.vec(), b.vec(), make([][]F, k)
		t.total(mix, d)
		for i := range d {
			weights[i] = b.vec()
			number.Elect(d[i], weights[i], mix, F(w[i]))
			t.mul(d[i], d[i], weights[i])
		}
		t.total(mix, d)
		t.total(div, weights)
		for i, v := range div {
			div[i] = max(v, least)
		}
		t.div(mix, mix, div)
		t.add(b.out, b.x[t.Base], mix)
	}, nil
}

// mostVarying keeps of all differences the elements with the largest variances
// between them: the share top of those that vary at all, of equal ones those
// with the lower index.
func (t *tensor[F]) mostVarying(top float64) (func(b *block[F], d [][]F), error) {
	if top >= 1 {
		return func(*block[F], [][]F) {}, nil
	}
	keep := int64(0)
	if top > 0 {
		varying, err := t.sums(1, func(b *block[F], s []float64) {
			for _, v := range b.variance(t, b.deltas(t)) {
				if v != 0 {
					s[0]++
				}
			}
		})
		if err != nil {
			return nil, err
		}
		keep = int64(float32(varying[0]) * float32(top))
	}
	if keep == 0 {
		return func(_ *block[F], d [][]F) {
			for i := range d {
				number.Scale(d[i], d[i], 0)
			}
		}, nil
	}
	order := t.selectFrom(1, func(b *block[F], _ int) []F { return b.variance(t, b.deltas(t)) })
	order.largest(0, keep)
	if err := order.find(); err != nil {
		return nil, err
	}
	if err := order.locate(); err != nil {
		return nil, err
	}
	c := order.cuts[0][0]
	return func(b *block[F], d [][]F) {
		for k, v := range b.variance(t, d) {
			if v > F(c.value) || v == F(c.value) && b.first+int64(k) < c.index {
				continue
			}
			for i := range d {
				d[i][k] *= 0
			}
		}
	}, nil
}

// variance is that of the differences d, element by element.
func (b *block[F]) variance(t *tensor[F], d [][]F) []F {
	out, n := b.vec(), float64(len(d))
	for k := range out {
		var mean, squares float64
		for i := range d {
			mean += float64(d[i][k])
		}
		mean /= n
		for i := range d {
			off := float64(d[i][k]) - mean
			squares += float64(off * off)
		}
		out[k] = F(squares / n)
	}
	t.round(out)
	return out
}
