package method

import "longcat/merge/number"

// linear is the weighted mean Σ wᵢxᵢ / Σ wᵢ, or the sum alone without
// normalize. It is computed in float32 whatever the dtype.
// Source: "Model soups" (arXiv 2203.05482).
func linear[F number.Float](t *tensor[F]) (step[F], error) {
	f := t.single()
	w, sum := make([]float64, len(t.Inputs)), 0.0
	for i, in := range t.Inputs {
		w[i] = f.q(in.Params["weight"])
		sum = f.q(sum + w[i])
	}
	normalize := t.Params["normalize"] != 0
	return func(b *block[F]) {
		clear(b.out)
		for i, x := range b.x {
			number.MulAdd(b.out, x, F(w[i]))
		}
		if normalize {
			f.divide(b.out, b.out, sum)
		}
		t.round(b.out)
	}, nil
}
