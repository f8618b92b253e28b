package method

// rescale is the pruning p, after which, where the parameter rescale asks for
// it, what is left of a difference is multiplied so that its mass (the sum of
// its magnitudes) is that of the whole difference, in the arithmetic a.
func (t *tensor[F]) rescale(p prune[F], a arith[F]) (prune[F], error) {
	pruned := func(b *block[F], i int, d []F) {
		p(b, i, d)
		if a != t.arith && t.Inputs[t.others[i]].Params["density"] < 1 {
			a.round(d)
		}
	}
	if t.Params["rescale"] == 0 {
		return func(b *block[F], i int, d []F) {
			pruned(b, i, d)
			t.round(d)
		}, nil
	}
	k := len(t.others)
	s, err := t.sums(2*k, func(b *block[F], s []float64) {
		for i, d := range b.deltas(t) {
			s[i] += mass(d)
			pruned(b, i, d)
			s[k+i] += mass(d)
		}
	})
	if err != nil {
		return nil, err
	}
	factor := make([]float64, k)
	for i, in := range t.others {
		before, after := a.q(s[i]), a.q(s[k+i])
		factor[i] = 1
		if before >= 1e-7 && after >= 1e-7 && t.Inputs[in].Params["density"] < 1 {
			factor[i] = a.q(before / after)
		}
	}
	return func(b *block[F], i int, d []F) {
		pruned(b, i, d)
		if factor[i] != 1 {
			a.scale(d, d, factor[i])
		}
		t.round(d)
	}, nil
}
