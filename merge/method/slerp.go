package method

import (
	"math"

	"longcat/merge/number"
)

// slerp goes the part t of the way from the base to the other model, on the
// great circle through both: (sin((1−t)θ)·v₀ + sin(tθ)·v₁) / sin θ. The tensor
// is one vector, and computed in float32 whatever the dtype. Vectors that are
// all but parallel are interpolated along the straight line.
// Source: Shoemake, "Animating rotation with quaternion curves" (1985).
func slerp[F number.Float](t *tensor[F]) (step[F], error) {
	f := t.single()
	v0, v1 := t.Base, t.others[0]
	squares, err := t.sums(2, func(b *block[F], s []float64) {
		s[0] += dot(b.x[v0], b.x[v0])
		s[1] += dot(b.x[v1], b.x[v1])
	})
	if err != nil {
		return nil, err
	}
	n0, n1 := f.length(squares[0]), f.length(squares[1])
	cos, err := t.sums(1, func(b *block[F], s []float64) {
		u0, u1 := b.vec(), b.vec()
		f.divide(u0, b.x[v0], n0)
		f.divide(u1, b.x[v1], n1)
		f.mul(u0, u0, u1)
		s[0] += sum(u0)
	})
	if err != nil {
		return nil, err
	}
	way, d := f.s(t.Params["t"]), clamp(f.q(cos[0]), -1, 1)
	c0, c1 := f.q(1-way), way
	if math.Abs(d) <= 0.9995 {
		θ := f.q(math.Acos(d))
		sin := f.q(math.Sin(θ))
		c0 = f.q(f.q(math.Sin(f.q(f.q(1-way)*θ))) / sin)
		c1 = f.q(f.q(math.Sin(f.q(way*θ))) / sin)
	}
	return func(b *block[F]) {
		v := b.vec()
		f.scale(b.out, b.x[v0], c0)
		f.scale(v, b.x[v1], c1)
		f.add(b.out, b.out, v)
		t.round(b.out)
	}, nil
}

// length is the norm of a vector by the sum of its squares, 1 for one that is
// all but zero.
func (a arith[F]) length(squares float64) float64 {
	if n := a.q(math.Sqrt(squares)); n > 1e-8 {
		return n
	}
	return 1
}
