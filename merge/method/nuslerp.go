package method

import (
	"math"

	"longcat/merge/number"
)

// nuslerp is slerp between two models by their weights, or, with a base,
// between their differences from it. The vectors are whole tensors
// (nuslerp_flatten), rows of the first axis (nuslerp_row_wise), or of the last.
func nuslerp[F number.Float](t *tensor[F]) (step[F], error) {
	w0, w1 := t.Inputs[t.others[0]].Params["weight"], t.Inputs[t.others[1]].Params["weight"]
	part := 0.5
	if math.Abs(w0+w1) >= 1e-6 {
		part = w1 / (w0 + w1)
	}
	a := arc[F]{t.arith, t.s(1 - part), t.s(part)}
	switch {
	case t.Params["nuslerp_flatten"] != 0:
		return t.arcWhole(a)
	case t.Params["nuslerp_row_wise"] != 0 && len(t.Shape) > 1:
		return t.arcColumns(a)
	}
	t.row = t.rowLen()
	return func(b *block[F]) {
		v0, v1 := b.pair(t)
		u := b.vec()
		for i := 0; i < len(u); i += int(t.row) {
			x, y, u, out := v0[i:i+int(t.row)], v1[i:i+int(t.row)], u[i:i+int(t.row)], b.out[i:i+int(t.row)]
			n0, n1 := a.norm(dot(x, x)), a.norm(dot(y, y))
			a.mix(out, u, x, y, a.between(a.cosine(u, out, x, y, n0, n1)))
		}
		b.addBase(t)
	}, nil
}

// rowLen is the length of the last axis; a tensor without one has one element.
func (t *tensor[F]) rowLen() int64 {
	if len(t.Shape) == 0 {
		return 1
	}
	return max(t.Shape[len(t.Shape)-1], 1)
}

// pair are the two vectors: the models' differences from the base, if there is
// one, else the models.
func (b *block[F]) pair(t *tensor[F]) (v0, v1 []F) {
	if t.Base < 0 {
		return b.x[t.others[0]], b.x[t.others[1]]
	}
	d := b.deltas(t)
	return d[0], d[1]
}

// addBase adds the base, if there is one, to what was computed.
func (b *block[F]) addBase(t *tensor[F]) {
	if t.Base >= 0 {
		t.add(b.out, b.x[t.Base], b.out)
	}
}

// deltas are the differences of the models from the base.
func (b *block[F]) deltas(t *tensor[F]) [][]F {
	d := make([][]F, len(t.others))
	for i, in := range t.others {
		d[i] = b.vec()
		t.sub(d[i], b.x[in], b.x[t.Base])
	}
	return d
}

// arc goes from one vector to another: 1−t and t.
type arc[F number.Float] struct {
	arith[F]
	rest, part float64
}

// norm is by what a vector is divided to make it a unit.
func (a arc[F]) norm(squares float64) float64 {
	return math.Max(a.q(math.Sqrt(squares)), a.s(1e-7))
}

// cosine is that of the angle between x and y, which have the norms n0 and n1;
// u and w are scratch.
func (a arc[F]) cosine(u, w, x, y []F, n0, n1 float64) float64 {
	a.divide(u, x, n0)
	a.divide(w, y, n1)
	a.mul(u, u, w)
	return a.q(sum(u))
}

// mixture is (c0·x + c1·y) / sin.
type mixture struct{ c0, c1, sin float64 }

// between finds the mixture for the cosine of an angle.
func (a arc[F]) between(cos float64) mixture {
	cos = clamp(cos, -1, 1)
	if a.q(1-a.q(cos*cos)) <= 1e-16 { // on one line
		return mixture{a.rest, a.part, 1}
	}
	θ := a.q(math.Acos(cos))
	return mixture{a.q(math.Sin(a.q(a.rest * θ))), a.q(math.Sin(a.q(a.part * θ))), a.q(math.Sin(θ))}
}

// mix sets out to the mixture; u is scratch.
func (a arc[F]) mix(out, u, x, y []F, m mixture) {
	a.scale(u, y, m.c1)
	a.scale(out, x, m.c0)
	a.add(out, out, u)
	if m.sin != 1 {
		a.divide(out, out, m.sin)
	}
}

// arcWhole takes the tensor as one vector.
func (t *tensor[F]) arcWhole(a arc[F]) (step[F], error) {
	squares, err := t.sums(2, func(b *block[F], s []float64) {
		v0, v1 := b.pair(t)
		s[0] += dot(v0, v0)
		s[1] += dot(v1, v1)
	})
	if err != nil {
		return nil, err
	}
	n0, n1 := a.norm(squares[0]), a.norm(squares[1])
	cos, err := t.sums(1, func(b *block[F], s []float64) {
		v0, v1 := b.pair(t)
		u, w := b.vec(), b.vec()
		a.divide(u, v0, n0)
		a.divide(w, v1, n1)
		a.mul(u, u, w)
		s[0] += sum(u)
	})
	if err != nil {
		return nil, err
	}
	m := a.between(a.q(cos[0]))
	return func(b *block[F]) {
		v0, v1 := b.pair(t)
		a.mix(b.out, b.vec(), v0, v1, m)
		b.addBase(t)
	}, nil
}

// arcColumns takes the elements that share all indexes but the first as a
// vector.
func (t *tensor[F]) arcColumns(a arc[F]) (step[F], error) {
	width := int(t.n / max(t.Shape[0], 1))
	squares, err := t.columns(2*width, func(b *block[F], column int, s []float64) {
		v0, v1 := b.pair(t)
		for i := range v0 {
			s[column] += float64(float64(v0[i]) * float64(v0[i]))
			s[width+column] += float64(float64(v1[i]) * float64(v1[i]))
			if column++; column == width {
				column = 0
			}
		}
	})
	if err != nil {
		return nil, err
	}
	norms := make([]F, 2*width)
	for i, s := range squares {
		norms[i] = F(a.norm(s))
	}
	cos, err := t.columns(width, func(b *block[F], column int, s []float64) {
		v0, v1 := b.pair(t)
		u, w := b.vec(), b.vec()
		for i, c := 0, column; i < len(v0); i++ {
			u[i], w[i] = v0[i]/norms[c], v1[i]/norms[width+c]
			if c++; c == width {
				c = 0
			}
		}
		a.round(u)
		a.round(w)
		a.mul(u, u, w)
		for _, v := range u {
			s[column] += float64(v)
			if column++; column == width {
				column = 0
			}
		}
	})
	if err != nil {
		return nil, err
	}
	c0, c1, sin := make([]F, width), make([]F, width), make([]F, width)
	for i, c := range cos {
		m := a.between(a.q(c))
		c0[i], c1[i], sin[i] = F(m.c0), F(m.c1), F(m.sin)
	}
	return func(b *block[F]) {
		v0, v1 := b.pair(t)
		u, d := b.vec(), b.vec()
		c := int(b.first % int64(width))
		for i := range u {
			b.out[i], u[i], d[i] = v0[i]*c0[c], v1[i]*c1[c], sin[c]
			if c++; c == width {
				c = 0
			}
		}
		a.round(b.out)
		a.round(u)
		a.add(b.out, b.out, u)
		a.div(b.out, b.out, d)
		b.addBase(t)
	}, nil
}

// columns adds up k numbers over the tensor, block by block in order; f learns
// in which column the block begins.
func (t *tensor[F]) columns(k int, f func(b *block[F], column int, s []float64)) ([]float64, error) {
	total, width := make([]float64, k), t.n/max(t.Shape[0], 1)
	for i := int64(0); i < t.count(); i += t.spanLen() {
		err := t.each(i, min(i+t.spanLen(), t.count()), func() func(*block[F]) {
			return func(b *block[F]) { f(b, int(b.first%width), total) }
		})
		if err != nil {
			return nil, err
		}
	}
	return total, nil
}
