package method

import (
	"fmt"
	"math"

	"longcat/merge/number"
)

// multislerp takes the weighted mean of several directions on the sphere: from
// the mean direction m it goes along the weighted sum of the tangents towards
// the models. With a base, the vectors are the differences from it. The result's
// norm is the weighted sum of the norms.
func multislerp[F number.Float](t *tensor[F]) (step[F], error) {
	if len(t.others) == 1 {
		return func(b *block[F]) { copy(b.out, b.x[t.others[0]]) }, nil
	}
	k, eps := len(t.others), t.Params["eps"]
	w := t.weights()
	if t.Params["normalize_weights"] != 0 {
		var all float64
		for _, v := range w {
			all += v
		}
		all = t.q(all)
		for i := range w {
			w[i] = t.q(w[i] / all)
		}
	}
	vectors := func(b *block[F]) [][]F {
		if t.Base >= 0 {
			return b.deltas(t)
		}
		return b.x
	}
	squares, err := t.sums(k, func(b *block[F], s []float64) {
		for i, v := range vectors(b) {
			s[i] += dot(v, v)
		}
	})
	if err != nil {
		return nil, err
	}
	norms, lengths, reach := make([]float64, k), make([]float64, k), 0.0
	for i, s := range squares {
		norms[i] = t.q(math.Sqrt(s))
		lengths[i] = t.q(norms[i] + t.q(eps))
		reach += t.q(norms[i] * w[i])
	}
	reach = t.q(reach)

	units := func(b *block[F]) [][]F {
		u := make([][]F, k)
		for i, v := range vectors(b) {
			u[i] = b.vec()
			t.divide(u[i], v, lengths[i])
		}
		return u
	}
	mean := func(b *block[F], u [][]F) []F { return b.weighted(t, u, w) }
	square, err := t.sums(1, func(b *block[F], s []float64) {
		m := mean(b, units(b))
		s[0] += dot(m, m)
	})
	if err != nil {
		return nil, err
	}
	n := t.q(math.Sqrt(square[0]))
	if n < eps {
		if k != 2 {
			return nil, fmt.Errorf("tensor %q: its models point into directions whose weighted sum is zero", t.Name)
		}
		return func(b *block[F]) {
			copy(b.out, b.weighted(t, vectors(b), w))
			b.addBase(t)
		}, nil
	}

	dots, err := t.sums(k, func(b *block[F], s []float64) {
		u := units(b)
		m := mean(b, u)
		t.divide(m, m, n)
		v := b.vec()
		for i := range u {
			t.mul(v, u[i], m)
			s[i] += sum(v)
		}
	})
	if err != nil {
		return nil, err
	}
	for i := range dots {
		dots[i] = t.q(dots[i])
	}
	// tangent is the mean direction and the weighted sum of the tangents there.
	tangent := func(b *block[F]) (m, r []F) {
		u := units(b)
		m = mean(b, u)
		t.divide(m, m, n)
		v := b.vec()
		for i := range u {
			t.scale(v, m, dots[i])
			t.sub(u[i], u[i], v)
		}
		return m, b.weighted(t, u, w)
	}
	square, err = t.sums(1, func(b *block[F], s []float64) {
		_, r := tangent(b)
		s[0] += dot(r, r)
	})
	if err != nil {
		return nil, err
	}
	angle := t.q(t.q(math.Sqrt(square[0])) + t.q(eps))
	cos, sin := t.q(math.Cos(angle)), t.q(t.q(math.Sin(angle))/angle)
	return func(b *block[F]) {
		m, r := tangent(b)
		t.scale(m, m, cos)
		t.scale(r, r, sin)
		t.add(b.out, m, r)
		t.scale(b.out, b.out, reach)
		b.addBase(t)
	}, nil
}

// weighted is Σ wᵢvᵢ.
func (b *block[F]) weighted(t *tensor[F], vs [][]F, w []float64) []F {
	parts := make([][]F, len(vs))
	for i, v := range vs {
		parts[i] = b.vec()
		t.scale(parts[i], v, w[i])
	}
	out := b.vec()
	t.total(out, parts)
	return out
}
