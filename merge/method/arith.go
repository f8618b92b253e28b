package method

import (
	"math"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// arith is arithmetic in a dtype, whose values are held in F. Each operation's
// result is rounded to the dtype, as torch does; scalars are too, wherever q is
// called. Exact arithmetic never rounds.
type arith[F number.Float] struct {
	dtype safetensors.DType
	exact bool
}

// as is the same arithmetic in another dtype.
func (a arith[F]) as(t safetensors.DType) arith[F] { return arith[F]{t, a.exact} }

// single is arithmetic in float32, or in float64 where the dtype is that.
func (a arith[F]) single() arith[F] {
	if a.dtype == safetensors.F64 {
		return a
	}
	return a.as(safetensors.F32)
}

// q rounds a scalar to the dtype.
func (a arith[F]) q(x float64) float64 {
	if a.exact || a.dtype == safetensors.F64 {
		return x
	}
	v := [1]float32{float32(x)}
	number.Round(a.dtype, v[:])
	return float64(v[0])
}

// s is a parameter as an operand: torch keeps it in float32 where a tensor is
// multiplied or divided by it.
func (a arith[F]) s(x float64) float64 {
	if a.exact || a.dtype == safetensors.F64 {
		return x
	}
	return float64(float32(x))
}

// round rounds a vector to the dtype.
func (a arith[F]) round(v []F) {
	if !a.exact {
		number.Round(a.dtype, v)
	}
}

// add sets dst to x + y.
func (a arith[F]) add(dst, x, y []F) {
	number.Add(dst, x, y)
	a.round(dst)
}

// sub sets dst to x - y.
func (a arith[F]) sub(dst, x, y []F) {
	number.Sub(dst, x, y)
	a.round(dst)
}

// mul sets dst to x · y.
func (a arith[F]) mul(dst, x, y []F) {
	number.Mul(dst, x, y)
	a.round(dst)
}

// div sets dst to x / y.
func (a arith[F]) div(dst, x, y []F) {
	number.Div(dst, x, y)
	a.round(dst)
}

// scale sets dst to x · c.
func (a arith[F]) scale(dst, x []F, c float64) {
	number.Scale(dst, x, F(c))
	a.round(dst)
}

// divide sets dst to x / c.
func (a arith[F]) divide(dst, x []F, c float64) {
	number.Divide(dst, x, F(c))
	a.round(dst)
}

// total sets dst to the sum of the vectors, rounded once: 16-bit values leave
// float32 enough room, others are added in float64.
func (a arith[F]) total(dst []F, vs [][]F) {
	switch {
	case len(vs) == 0:
		clear(dst)
	case len(vs) == 1:
		copy(dst, vs[0])
	case len(vs) == 2 || a.dtype != safetensors.F32:
		number.Add(dst, vs[0], vs[1])
		for _, v := range vs[2:] {
			number.Add(dst, dst, v)
		}
	default:
		for i := range dst {
			s := float64(vs[0][i])
			for _, v := range vs[1:] {
				s += float64(v[i])
			}
			dst[i] = F(s)
		}
	}
	a.round(dst)
}

// dot is Σ x·y, added in float64.
func dot[F number.Float](x, y []F) float64 { return number.Dot(x, y) }

// sum is Σ x, added in float64.
func sum[F number.Float](x []F) float64 { return number.Sum(x) }

// mass is Σ |x|, added in float64.
func mass[F number.Float](x []F) float64 { return number.AbsSum(x) }

func clamp(x, low, high float64) float64 {
	if x != x {
		return x
	}
	return math.Min(math.Max(x, low), high)
}
