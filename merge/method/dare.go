package method

import (
	"math"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// dareLinear keeps each element of a model's difference from the base with the
// probability density.
// Source: "Language models are super Mario" (arXiv 2311.03099).
func dareLinear[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := dropout(t)
	return t.combine(p, err, (*block[F]).add)
}

// dareTies adds to that the election of signs.
func dareTies[F number.Float](t *tensor[F]) (step[F], error) {
	p, err := dropout(t)
	return t.combine(p, err, (*block[F]).elect)
}

// drawing says for which densities a method draws random words, one for each
// element.
var drawing = map[string]func(density float64) bool{
	"dare_linear": drops, "dare_ties": drops, "della": ranks, "della_linear": ranks,
}

func drops(density float64) bool { return density < 1 }
func ranks(density float64) bool { return density > 0 && density < 1 }

// dropout drops elements at random.
func dropout[F number.Float](t *tensor[F]) (prune[F], error) {
	a := t.maskArith()
	first := t.drawn(drops)
	limit := make([]uint32, len(first))
	for i, in := range t.others {
		limit[i] = threshold(arith[F]{dtype: a.dtype}.q(t.Inputs[in].Params["density"]))
	}
	m := masks[F]{t: t, draw: func(b *block[F], i int, d []F, bits []byte) {
		if first[i] < 0 {
			fill(bits)
		} else {
			number.Below(bits, b.draw(t, first[i]), limit[i])
		}
	}}
	return m.prune(a)
}

// fill sets all bits.
func fill(bits []byte) {
	for i := range bits {
		bits[i] = 0xff
	}
}

// maskArith is the arithmetic around random masks: torch draws them for bfloat16
// and float32, and takes the others through float32.
func (t *tensor[F]) maskArith() arith[F] {
	if t.dtype == safetensors.F16 || t.dtype == safetensors.F64 {
		return t.as(safetensors.F32)
	}
	return t.arith
}

// drawn lists where in the sequence of random words those of each model begin, -1
// for models that draw none.
func (t *tensor[F]) drawn(draws func(density float64) bool) []int64 {
	first := make([]int64, len(t.others))
	at := t.First
	for i, in := range t.others {
		first[i] = -1
		if draws(t.Inputs[in].Params["density"]) {
			first[i] = at
			at += t.n
		}
	}
	return first
}

// draw are the block's random words, of those from the one numbered first on.
func (b *block[F]) draw(t *tensor[F], first int64) []uint32 {
	if cap(b.words) < len(b.out) {
		b.words = make([]uint32, len(b.out))
	}
	b.words = b.words[:len(b.out)]
	t.Random.sequence.Words(b.words, first+b.first)
	return b.words
}

// threshold is below what the lower 24 bits of a random word must lie for an
// element that is kept with probability p.
func threshold(p float64) uint32 {
	return uint32(math.Ceil(clamp(p, 0, 1) * 0x1p24))
}
