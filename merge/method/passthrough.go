package method

import "longcat/merge/number"

// passthrough is one model's tensor, x · scale where a scale is given.
func passthrough[F number.Float](t *tensor[F]) (step[F], error) {
	factor, scaled := t.Inputs[0].Params["scale"]
	return func(b *block[F]) {
		if scaled {
			t.scale(b.out, b.x[0], t.s(factor))
		} else {
			copy(b.out, b.x[0])
		}
	}, nil
}
