package method

import (
	"math"

	"longcat/merge/number"
)

// karcher is the mean of directions on the sphere that minimises the squared
// angles, found by going repeatedly along the mean of the tangents; its norm is
// the mean of the norms.
//
// The search goes over the whole vector many times, so it is held in memory,
// 4 bytes an element, until the search ends: the one method whose memory grows
// with a tensor.
// Source: Karcher, "Riemannian center of mass and mollifier smoothing" (1977).
func karcher[F number.Float](t *tensor[F]) (step[F], error) {
	k := len(t.Inputs)
	if k == 1 {
		return func(b *block[F]) { copy(b.out, b.x[0]) }, nil
	}
	f, tol := t.single(), t.Params["tol"]
	squares, err := t.sums(k, func(b *block[F], s []float64) {
		for i, x := range b.x {
			s[i] += dot(x, x)
		}
	})
	if err != nil {
		return nil, err
	}
	s := sphere[F]{tensor: t}
	reach := 0.0
	for i, v := range squares {
		n := f.q(math.Sqrt(v))
		reach = f.q(reach + f.q(f.s(1/float64(k))*n))
		if n > tol {
			s.in, s.norms = append(s.in, i), append(s.norms, n)
		}
	}
	if len(s.in) == 0 {
		return func(b *block[F]) { clear(b.out) }, nil
	}
	s.share = 1.0 / float64(k)
	s.share = t.s(s.share / (s.share * float64(len(s.in))))
	moves, err := s.search(int(t.Params["max_iter"]), tol)
	if err != nil {
		return nil, err
	}
	reach = t.q(reach)
	return func(b *block[F]) {
		u := s.units(b)
		s.start(b, u, b.out)
		for _, m := range moves {
			m.apply(t, b, u, b.out)
		}
		t.scale(b.out, b.out, reach)
	}, nil
}

// sphere are the directions of the models that have one.
type sphere[F number.Float] struct {
	*tensor[F]
	in    []int
	norms []float64
	share float64 // of each in their mean
	first float64 // norm of the mean of the units; 0: the first unit takes its place
}

// units are the models' directions.
func (s *sphere[F]) units(b *block[F]) [][]F {
	u := make([][]F, len(s.in))
	for i, in := range s.in {
		u[i] = b.vec()
		s.divide(u[i], b.x[in], s.norms[i])
	}
	return u
}

// sum sets mean to the sum of the units' shares.
func (s *sphere[F]) sum(b *block[F], u [][]F, mean []F) {
	v := b.vec()
	clear(mean)
	for i := range u {
		s.scale(v, u[i], s.share)
		s.add(mean, mean, v)
	}
}

// start sets mean to where the search begins.
func (s *sphere[F]) start(b *block[F], u [][]F, mean []F) {
	if s.first == 0 {
		copy(mean, u[0])
		return
	}
	s.sum(b, u, mean)
	s.divide(mean, mean, s.first)
}

// move is one step of the search: mean ← cos·mean + sin·T/norm, divided by
// length, where T is the sum of the tangents towards the units.
type move[F number.Float] struct {
	factors, dots []float64 // of the tangents; a factor of 0 leaves one out
	norm          float64
	cos, sin      float64
	length        float64 // 0: not divided
}

// tangent sets dst to T.
func (m move[F]) tangent(t *tensor[F], b *block[F], u [][]F, mean, dst []F) {
	v := b.vec()
	clear(dst)
	for i, factor := range m.factors {
		if factor == 0 {
			continue
		}
		t.scale(v, mean, m.dots[i])
		t.sub(v, u[i], v)
		t.scale(v, v, factor)
		t.add(dst, dst, v)
	}
}

// apply moves the mean.
func (m move[F]) apply(t *tensor[F], b *block[F], u [][]F, mean []F) {
	d := b.vec()
	m.tangent(t, b, u, mean, d)
	t.divide(d, d, m.norm)
	t.scale(d, d, m.sin)
	t.scale(mean, mean, m.cos)
	t.add(mean, mean, d)
	if m.length != 0 {
		t.divide(mean, mean, m.length)
	}
}

// search finds the moves.
func (s *sphere[F]) search(rounds int, tol float64) ([]move[F], error) {
	f := s.single()
	mean := make([]F, s.n)
	part := func(b *block[F]) []F { return mean[b.first : b.first+int64(len(b.out))] }
	square, err := s.sums(1, func(b *block[F], sum []float64) {
		m := part(b)
		s.sum(b, s.units(b), m)
		sum[0] += dot(m, m)
	})
	if err != nil {
		return nil, err
	}
	if n := f.q(math.Sqrt(square[0])); n >= tol {
		s.first = n
	}
	if err := s.scan(func(b *block[F]) { s.start(b, s.units(b), part(b)) }); err != nil {
		return nil, err
	}
	var moves []move[F]
	for range rounds {
		dots, err := s.sums(len(s.in), func(b *block[F], sum []float64) {
			for i, u := range s.units(b) {
				sum[i] += dot(part(b), u)
			}
		})
		if err != nil {
			return nil, err
		}
		m := move[F]{dots: dots, factors: make([]float64, len(dots))}
		for i, d := range dots {
			m.dots[i] = clamp(s.q(d), -1, 1)
			if θ := s.q(math.Acos(m.dots[i])); θ >= tol {
				m.factors[i] = s.q(s.share * s.q(θ/s.q(math.Sin(θ))))
			}
		}
		square, err := s.sums(1, func(b *block[F], sum []float64) {
			t := b.vec()
			m.tangent(s.tensor, b, s.units(b), part(b), t)
			sum[0] += dot(t, t)
		})
		if err != nil {
			return nil, err
		}
		if m.norm = f.q(math.Sqrt(square[0])); m.norm < tol {
			break
		}
		m.cos, m.sin = s.q(s.q(math.Cos(m.norm))), s.q(math.Sin(m.norm))
		square, err = s.sums(1, func(b *block[F], sum []float64) {
			m.apply(s.tensor, b, s.units(b), part(b))
			sum[0] += dot(part(b), part(b))
		})
		if err != nil {
			return nil, err
		}
		if n := f.q(math.Sqrt(square[0])); n > tol {
			m.length = n
			if err := s.scan(func(b *block[F]) { s.divide(part(b), part(b), n) }); err != nil {
				return nil, err
			}
		}
		moves = append(moves, m)
	}
	return moves, nil
}
