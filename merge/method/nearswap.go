package method

import (
	"math"

	"longcat/merge/number"
)

// nearswap moves the base towards the other model where the two are near: by
// the weight t / |base − x|, at most 1.
func nearswap[F number.Float](t *tensor[F]) (step[F], error) {
	least, reach := F(t.s(1e-6)), t.s(t.Params["t"])
	return func(b *block[F]) {
		base, x := b.x[t.Base], b.x[t.others[0]]
		w, rest := b.vec(), b.vec()
		t.sub(w, base, x)
		for i, d := range w {
			w[i] = 1 / max(F(math.Abs(float64(d))), least)
		}
		t.round(w)
		t.scale(w, w, reach)
		for i, v := range w {
			w[i] = max(min(v, 1), 0)
			rest[i] = 1 - w[i]
		}
		t.round(rest)
		t.mul(w, w, x)
		t.mul(rest, rest, base)
		t.add(b.out, w, rest)
	}, nil
}
