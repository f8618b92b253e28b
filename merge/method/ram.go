package method

import (
	"math"

	"longcat/merge/number"
)

// ram adds to the base, at each element, what the models that changed it by more
// than epsilon did: the one model's change, or the mean of theirs.
// Source: "Reinforced Agent Merging" (arXiv 2601.13572).
func ram[F number.Float](t *tensor[F]) (step[F], error) {
	if len(t.others) == 0 {
		return base[F](t), nil
	}
	ones := make([]float64, len(t.others))
	for i := range ones {
		ones[i] = 1
	}
	return t.changes(t.arith, ones), nil
}

// base is the result where there is no model beside the base.
func base[F number.Float](t *tensor[F]) step[F] {
	return func(b *block[F]) { copy(b.out, b.x[t.Base]) }
}

// changes is base + Σ changes, in which those of one model alone are multiplied
// by its factor in the arithmetic f.
func (t *tensor[F]) changes(f arith[F], factors []float64) step[F] {
	return func(b *block[F]) {
		d, count := b.changed(t)
		shared, v := b.vec(), b.vec()
		for i := range d {
			for k, x := range d[i] {
				shared[k], v[k] = 0, x
				if count[k] > 1 {
					shared[k], v[k] = F(float64(x)/float64(count[k])), 0
				}
			}
			t.round(shared)
			if factors[i] != 1 {
				f.scale(v, v, factors[i])
			}
			f.add(d[i], v, shared)
		}
		f.total(b.out, d)
		f.add(b.out, b.x[t.Base], b.out)
	}
}

// changed are the models' differences from the base where they are larger than
// epsilon, else 0, and of how many models they are.
func (b *block[F]) changed(t *tensor[F]) (d [][]F, count []F) {
	d, count = b.deltas(t), b.vec()
	clear(count)
	least := F(t.s(t.Params["epsilon"]))
	for i := range d {
		for k, x := range d[i] {
			if F(math.Abs(float64(x))) > least {
				count[k]++
			} else {
				d[i][k] = 0
			}
		}
	}
	return d, count
}
