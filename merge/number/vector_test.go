package number

import (
	"math"
	"math/rand/v2"
	"testing"

	"longcat/merge/safetensors"
)

// TestTwins holds what is done eight elements at a time against the plain loops,
// which take over where a vector is too short: every operation is done on a whole
// vector, and on its elements one by one.
func TestTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	special := []uint32{0, 1 << 31, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 1, 0x807fffff, 0x3f808000, 0x3f818000, 0x3f808001, 0x7f7fffff, 0xff7fffff, 0x7f7f8000}
	draw := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			switch r.IntN(8) {
			case 0:
				v[i] = math.Float32frombits(special[r.IntN(len(special))])
			case 1:
				v[i] = math.Float32frombits(r.Uint32())
			default:
				v[i] = float32(r.NormFloat64())
			}
		}
		return v
	}
	const n = 16*40 + 13
	words := make([]uint32, n)
	for i := range words {
		words[i] = r.Uint32()
	}
	for name, op := range map[string]func(x, y, z []float32, at int){
		"Add":        func(x, y, z []float32, _ int) { Add(x, y, z) },
		"Sub":        func(x, y, z []float32, _ int) { Sub(x, y, z) },
		"Mul":        func(x, y, z []float32, _ int) { Mul(x, y, z) },
		"Div":        func(x, y, z []float32, _ int) { Div(x, y, z) },
		"Scale":      func(x, y, z []float32, _ int) { Scale(x, y, 0.7) },
		"Divide":     func(x, y, z []float32, _ int) { Divide(x, y, 0.7) },
		"MulAdd":     func(x, y, z []float32, _ int) { MulAdd(x, y, 0.7) },
		"ZeroBelow":  func(x, y, z []float32, _ int) { ZeroBelow(x, 0.7) },
		"Abs":        func(x, y, z []float32, _ int) { Abs(x, y) },
		"OneForZero": func(x, y, z []float32, _ int) { OneForZero(x) },
		"Below and ZeroBits": func(x, y, z []float32, at int) {
			bits := make([]byte, len(x)/8+1)
			Below(bits, words[at:at+len(x)], 1<<23)
			ZeroBits(x, bits)
		},
		"Elect": func(x, y, z []float32, _ int) { Elect(x, y, z, 0.7) },
		"Round": func(x, y, z []float32, _ int) { Round(safetensors.BF16, x) },
		"Store and Load": func(x, y, z []float32, _ int) {
			b := make([]byte, 2*len(x))
			Store(safetensors.BF16, b, x)
			Load(safetensors.BF16, x, b)
		},
	} {
		vs := [][]float32{draw(n), draw(n), draw(n)}
		one := [][]float32{append([]float32(nil), vs[0]...), append([]float32(nil), vs[1]...), append([]float32(nil), vs[2]...)}
		op(vs[0], vs[1], vs[2], 0)
		for i := range n {
			op(one[0][i:i+1], one[1][i:i+1], one[2][i:i+1], i)
		}
		for k := range vs {
			for i, v := range vs[k] {
				if w := one[k][i]; math.Float32bits(v) != math.Float32bits(w) && (v == v || w == w) {
					t.Errorf("%s: element %d of vector %d is %x, by itself %x", name, i, k, math.Float32bits(v), math.Float32bits(w))
					break
				}
			}
		}
	}
	x, y := make([]float32, n), make([]float32, n)
	var s, a, d [8]float64
	for i := range x {
		x[i], y[i] = float32(r.NormFloat64()), float32(r.NormFloat64())
		s[i%8] += float64(x[i])
		a[i%8] += math.Abs(float64(x[i]))
		d[i%8] += float64(float64(x[i]) * float64(y[i]))
	}
	equal := append([]float32{x[3]}, x...)
	if got := CountEqual(equal, x[3]); got != 2 {
		t.Errorf("counted %d equals", got)
	}
	if Sum(x) != total(&s) || AbsSum(x) != total(&a) || Dot(x, y) != total(&d) {
		t.Error("a sum differs")
	}
}

// TestFMA holds fma32 against the processor's.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100_000 {
		x, y := float32(r.NormFloat64()), float32(r.NormFloat64())
		z := float32(r.NormFloat64() * math.Exp2(float64(r.IntN(60)-30)))
		v := []float32{z, z, z, z, z, z, z, z}
		MulAdd(v, []float32{x, x, x, x, x, x, x, x}, y)
		if got := fma32(x, y, z); got != v[0] {
			t.Fatalf("%g·%g + %g = %g, want %g", x, y, z, got, v[0])
		}
	}
	// A tie that only the lost bits break.
	x := math.Float32frombits(0x3f800001)
	if got, want := fma32(x, x, 0x1p-24), math.Float32frombits(0x3f800003); got != want {
		t.Errorf("got %x, want %x", math.Float32bits(got), math.Float32bits(want))
	}
}
