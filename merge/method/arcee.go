package method

import (
	"math"

	"longcat/merge/number"
)

// arceeFusion takes over from the other model the elements that matter most.
// An element's importance is how far it moved, times how far the distribution
// that its row stands for moved (softmax, Kullback-Leibler); those above the
// median by one and a half times the distance of the quartiles are outliers.
// Source: Goddard et al., "Arcee's MergeKit" (arXiv 2403.13257).
func arceeFusion[F number.Float](t *tensor[F]) (step[F], error) {
	t.row = t.rowLen()
	divergence := make([]float64, t.n/t.row)
	err := t.scan(func(b *block[F]) {
		p, q := b.vec(), b.vec()
		row := int(t.row)
		for i := 0; i < len(p); i += row {
			p, q := p[i:i+row], q[i:i+row]
			t.softmax(p, b.x[t.others[0]][i:i+row])
			t.softmax(q, b.x[t.Base][i:i+row])
			t.div(q, p, q)
			for k, v := range q {
				q[k] = F(math.Log(float64(v)))
			}
			t.round(q)
			t.mul(q, p, q)
			divergence[(b.first+int64(i))/t.row] = t.q(sum(q))
		}
	})
	if err != nil {
		return nil, err
	}
	importance := func(b *block[F]) (d, importance []F) {
		d, importance = b.vec(), b.vec()
		t.sub(d, b.x[t.others[0]], b.x[t.Base])
		row := int(t.row)
		for i := 0; i < len(d); i += row {
			kl := F(divergence[(b.first+int64(i))/t.row])
			for k := i; k < i+row; k++ {
				importance[k] = abs(d[k])*kl + 0 // no negative zero
			}
		}
		t.round(importance)
		return d, importance
	}
	order := t.selectFrom(1, func(b *block[F], _ int) []F {
		_, v := importance(b)
		return v
	})
	for _, part := range []float32{0.25, 0.5, 0.75} {
		order.position(0, int64(part*float32(t.n-1)))
	}
	if err := order.find(); err != nil {
		return nil, err
	}
	c := order.cuts[0]
	least := F(t.q(c[1].value + t.q(1.5*t.q(c[2].value-c[0].value))))
	return func(b *block[F]) {
		d, v := importance(b)
		for i := range d {
			if !(v[i] >= least) {
				d[i] *= 0
			}
		}
		t.single().add(b.out, b.x[t.Base], d)
	}, nil
}

// softmax sets dst to e^x / Σ e^x, plus a little that keeps logarithms finite.
func (a arith[F]) softmax(dst, x []F) {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	var all float64
	for _, v := range x {
		all += math.Exp(float64(v) - top)
	}
	for i, v := range x {
		dst[i] = F(math.Exp(float64(v)-top) / all)
	}
	a.round(dst)
	e := F(a.s(1e-8))
	for i := range dst {
		dst[i] += e
	}
	a.round(dst)
}
