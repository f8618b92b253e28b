package method

import (
	"math"

	"longcat/merge/number"
)

// ramPlus is ram, with what a model alone changed multiplied by 1 + r·ρ, where ρ
// is how many of its changes are shared for each that is not, at most alpha.
// Source: "Reinforced Agent Merging" (arXiv 2601.13572).
func ramPlus[F number.Float](t *tensor[F]) (step[F], error) {
	if len(t.others) == 0 {
		return base[F](t), nil
	}
	k := len(t.others)
	counts, err := t.sums(2*k, func(b *block[F], s []float64) {
		d, count := b.changed(t)
		for i := range d {
			for j, x := range d[i] {
				switch {
				case x == 0:
				case count[j] > 1:
					s[i]++
				default:
					s[k+i]++
				}
			}
		}
	})
	if err != nil {
		return nil, err
	}
	f := t.single()
	factors := make([]float64, k)
	for i := range factors {
		ratio := f.q(f.q(counts[i]) / f.q(math.Max(counts[k+i], t.Params["epsilon"])))
		factors[i] = f.q(1 + f.q(f.s(t.Params["r"])*clamp(ratio, 0, f.s(t.Params["alpha"]))))
	}
	return t.changes(f, factors), nil
}
