package method

import (
	"math"

	"longcat/merge/number"
)

// taskArithmetic adds the models' weighted differences to the base:
// base + lambda · Σ wᵢδᵢ, divided by Σ wᵢ with normalize.
// Source: "Editing models with task arithmetic" (arXiv 2212.04089).
func taskArithmetic[F number.Float](t *tensor[F]) (step[F], error) {
	return t.combine(nil, nil, (*block[F]).add)
}

// prune drops elements of the difference d of the i-th model other than the base.
type prune[F number.Float] func(b *block[F], i int, d []F)

// agree sets mix to the sum of the weighted differences d, as far as they agree,
// and div, unless it is nil, to the sum of the weights that went into it.
type agree[F number.Float] func(b *block[F], t *tensor[F], d [][]F, w []float64, mix, div []F)

// combine is what the methods around task arithmetic share: the differences are
// pruned, weighted, added up, normalised, multiplied by lambda, and added to the
// base.
func (t *tensor[F]) combine(p prune[F], err error, sum agree[F]) (step[F], error) {
	if err != nil {
		return nil, err
	}
	if len(t.others) == 0 {
		return base[F](t), nil
	}
	w := t.weights()
	normalize, lambda := t.Params["normalize"] != 0, t.Params["lambda"]
	return func(b *block[F]) {
		d := b.deltas(t)
		for i := range d {
			if p != nil {
				p(b, i, d[i])
			}
			t.scale(d[i], d[i], w[i])
		}
		mix, div := b.vec(), []F(nil)
		if normalize {
			div = b.vec()
		}
		sum(b, t, d, w, mix, div)
		if normalize {
			t.div(mix, mix, div)
		}
		if lambda != 1 {
			t.scale(mix, mix, t.s(lambda))
		}
		t.add(b.out, b.x[t.Base], mix)
	}, nil
}

// add adds all differences up.
func (b *block[F]) add(t *tensor[F], d [][]F, w []float64, mix, div []F) {
	t.total(mix, d)
	var all float64
	for _, v := range w {
		all += v
	}
	if all = t.q(all); math.Abs(all) < 1e-8 {
		all = 1
	}
	for i := range div {
		div[i] = F(all)
	}
}

// elect adds up, at each element, the differences that have the sign of the sum
// of all of them.
func (b *block[F]) elect(t *tensor[F], d [][]F, w []float64, mix, div []F) {
	sign, weights := b.vec(), make([][]F, len(d))
	t.total(sign, d)
	for i := range d {
		weights[i] = b.vec()
		number.Elect(d[i], weights[i], sign, F(w[i]))
	}
	t.total(mix, d)
	if div != nil {
		t.total(div, weights)
		number.OneForZero(div)
	}
}
