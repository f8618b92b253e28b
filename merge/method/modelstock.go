package method

import (
	"math"

	"longcat/merge/number"
)

// modelStock mixes the mean of the models with the base, by how far the models'
// differences from it agree: t·mean + (1−t)·base with t = n·c / (1+(n−1)c),
// where c is the mean cosine between two differences. The vectors are whole
// tensors, or with filter_wise rows of the last axis.
// Source: "Model Stock" (arXiv 2403.19522).
func modelStock[F number.Float](t *tensor[F]) (step[F], error) {
	if t.Params["filter_wise"] == 0 {
		s, err := t.sums(t.agreements(), t.addAgreement)
		if err != nil {
			return nil, err
		}
		way := t.agreement(s)
		return func(b *block[F]) {
			mean, rest := b.mean(t), b.vec()
			t.scale(mean, mean, way)
			t.scale(rest, b.x[t.Base], t.q(1-way))
			t.add(b.out, mean, rest)
		}, nil
	}
	t.row = t.rowLen()
	return func(b *block[F]) {
		mean, rest, d, v := b.mean(t), b.vec(), b.deltas(t), b.vec()
		n := int(t.row)
		row := make([][]F, len(d))
		s := make([]float64, t.agreements())
		for i := 0; i < len(mean); i += n {
			for k := range d {
				row[k] = d[k][i : i+n]
			}
			clear(s)
			t.addAgreements(row, v[i:i+n], s)
			way := t.agreement(s)
			t.scale(mean[i:i+n], mean[i:i+n], way)
			t.scale(rest[i:i+n], b.x[t.Base][i:i+n], t.q(1-way))
		}
		t.add(b.out, mean, rest)
	}, nil
}

// mean is that of the models other than the base.
func (b *block[F]) mean(t *tensor[F]) []F {
	m := b.vec()
	copy(m, b.x[t.others[0]])
	for _, in := range t.others[1:] {
		t.add(m, m, b.x[in])
	}
	t.divide(m, m, float64(len(t.others)))
	return m
}

// agreements is how many sums an agreement is found from: the models' squares,
// and a product for each pair.
func (t *tensor[F]) agreements() int { n := len(t.others); return n + n*(n-1)/2 }

func (t *tensor[F]) addAgreement(b *block[F], s []float64) {
	t.addAgreements(b.deltas(t), b.vec(), s)
}

// addAgreements adds the squares and products of the differences d; v is
// scratch.
func (t *tensor[F]) addAgreements(d [][]F, v []F, s []float64) {
	at := len(d)
	for i := range d {
		s[i] += dot(d[i], d[i])
		for j := i + 1; j < len(d); j++ {
			t.mul(v, d[i], d[j])
			s[at] += sum(v)
			at++
		}
	}
}

// agreement is the share t of the models in the result.
func (t *tensor[F]) agreement(s []float64) float64 {
	n := len(t.others)
	cos, at := 0.0, n
	for i := range n {
		for j := i + 1; j < n; j++ {
			norms := t.q(t.q(math.Sqrt(s[i])) * t.q(math.Sqrt(s[j])))
			cos += clamp(t.q(t.q(s[at])/math.Max(norms, t.s(1e-6))), -1, 1)
			at++
		}
	}
	cos = t.q(cos / float64(n*(n-1)/2))
	below := t.q(1 + t.q(float64(n-1)*cos))
	if math.Abs(below) < 1e-6 {
		return 0
	}
	return t.q(t.q(float64(n)*cos) / below)
}
