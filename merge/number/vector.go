package number

import (
	"math"
	"unsafe"
)

// The operations on vectors that merging spends its time in. All slices of one
// call are of one length; dst may be one of the operands. In float32 most of a
// vector is done eight elements at a time where the processor can; what is left,
// and all of it elsewhere, is done by the plain loops, with the same results to
// the bit. The conversions keep the compiler from fusing operations, which would
// give other bits on other processors.

// whole is how many elements of a vector of n can be done at a time in F: a
// multiple of size, 0 where there are no instructions for it.
func whole[F Float](n, size int) int {
	if simd && unsafe.Sizeof(F(0)) == 4 {
		return n &^ (size - 1)
	}
	return 0
}

// at is the address of a vector that is known to be of float32.
func at[F Float](v []F) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(v))) }

// Add sets dst to x + y.
func Add[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		addAVX2(at(dst), at(x), at(y), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] + y[i]
	}
}

// Sub sets dst to x - y.
func Sub[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		subAVX2(at(dst), at(x), at(y), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] - y[i]
	}
}

// Mul sets dst to x · y.
func Mul[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		mulAVX2(at(dst), at(x), at(y), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] * y[i]
	}
}

// Div sets dst to x / y.
func Div[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		divAVX2(at(dst), at(x), at(y), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] / y[i]
	}
}

// Scale sets dst to x · c.
func Scale[F Float](dst, x []F, c F) {
	x = x[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		scaleAVX2(at(dst), at(x), float32(c), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] * c
	}
}

// Divide sets dst to x / c.
func Divide[F Float](dst, x []F, c F) {
	x = x[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		divideAVX2(at(dst), at(x), float32(c), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = x[i] / c
	}
}

// MulAdd sets dst to dst + x · c, with one rounding in float32 and two in float64.
func MulAdd[F Float](dst, x []F, c F) {
	x = x[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		mulAddAVX2(at(dst), at(x), float32(c), n)
	}
	for i := n; i < len(dst); i++ {
		if unsafe.Sizeof(c) == 4 {
			dst[i] = F(fma32(float32(x[i]), float32(c), float32(dst[i])))
		} else {
			dst[i] += F(x[i] * c)
		}
	}
}

// fma32 is x·y + z, rounded once. The product is exact in float64; the sum is
// rounded there so that its last bit tells of what was lost ("round to odd"),
// which leaves the second rounding right.
func fma32(x, y, z float32) float32 {
	p, w := float64(x)*float64(y), float64(z)
	s := p + w
	t := s - p
	lost := (p - (s - t)) + (w - t)
	if lost > 0 || lost < 0 { // not of an infinity
		if bits := math.Float64bits(s); bits&1 == 0 {
			if (lost > 0) == (s > 0) {
				bits++
			} else {
				bits--
			}
			s = math.Float64frombits(bits)
		}
	}
	return float32(s)
}

// Abs sets dst to |x|.
func Abs[F Float](dst, x []F) {
	x = x[:len(dst)]
	n := whole[F](len(dst), 8)
	if n > 0 {
		absAVX2(at(dst), at(x), n)
	}
	for i := n; i < len(dst); i++ {
		dst[i] = F(math.Abs(float64(x[i])))
	}
}

// OneForZero sets to 1 what is 0.
func OneForZero[F Float](x []F) {
	n := whole[F](len(x), 8)
	if n > 0 {
		oneForZeroAVX2(at(x), n)
	}
	for i := n; i < len(x); i++ {
		if x[i] == 0 {
			x[i] = 1
		}
	}
}

// CountEqual counts the elements that equal c.
func CountEqual[F Float](x []F, c F) int {
	n, count := whole[F](len(x), 8), 0
	if n > 0 {
		count = int(countEqualAVX2(at(x), float32(c), n))
	}
	for _, v := range x[n:] {
		if v == c {
			count++
		}
	}
	return count
}

// ZeroBelow multiplies by 0 what is smaller in magnitude than c.
func ZeroBelow[F Float](x []F, c F) {
	n := whole[F](len(x), 8)
	if n > 0 {
		zeroBelowAVX2(at(x), float32(c), n)
	}
	for i := n; i < len(x); i++ {
		if F(math.Abs(float64(x[i]))) < c {
			x[i] *= 0
		}
	}
}

// Below sets the bits, lowest first, of the words whose lower 24 bits are below
// limit, which is at most 1<<24.
func Below(bits []byte, words []uint32, limit uint32) {
	n := whole[float32](len(words), 8)
	if n > 0 {
		belowAVX2(&bits[0], &words[0], limit, n)
	}
	clear(bits[n/8 : (len(words)+7)/8])
	for i := n; i < len(words); i++ {
		if words[i]&0xffffff < limit {
			bits[i/8] |= 1 << (i % 8)
		}
	}
}

// ZeroBits multiplies by 0 the elements whose bit is not set.
func ZeroBits[F Float](x []F, bits []byte) {
	n := whole[F](len(x), 8)
	if n > 0 {
		zeroBitsAVX2(at(x), &bits[0], n)
	}
	for i := n; i < len(x); i++ {
		if bits[i/8]>>(i%8)&1 == 0 {
			x[i] *= 0
		}
	}
}

// Elect keeps the elements of x that are positive where sign is not negative,
// and negative where it is, and multiplies the others by 0; w is set to c where
// x is kept, else to 0.
func Elect[F Float](x, w, sign []F, c F) {
	w, sign = w[:len(x)], sign[:len(x)]
	n := whole[F](len(x), 8)
	if n > 0 {
		electAVX2(at(x), at(w), at(sign), float32(c), n)
	}
	for i := n; i < len(x); i++ {
		if v := x[i]; (sign[i] >= 0 && v > 0) || (!(sign[i] >= 0) && v < 0) {
			w[i] = c
		} else {
			x[i], w[i] = v*0, 0
		}
	}
}

// Sums are added in float64: those of the elements 0, 8, 16, …, those of 1, 9,
// 17, … and so on by themselves, then these.

// Dot is Σ x·y.
func Dot[F Float](x, y []F) float64 {
	y = y[:len(x)]
	var s [8]float64
	n := whole[F](len(x), 8)
	if n > 0 {
		dotAVX2(at(x), at(y), &s, n)
	}
	for i := n; i < len(x); i++ {
		s[i%8] += float64(float64(x[i]) * float64(y[i]))
	}
	return total(&s)
}

// Sum is Σ x.
func Sum[F Float](x []F) float64 {
	var s [8]float64
	n := whole[F](len(x), 8)
	if n > 0 {
		sumAVX2(at(x), &s, n)
	}
	for i := n; i < len(x); i++ {
		s[i%8] += float64(x[i])
	}
	return total(&s)
}

// AbsSum is Σ |x|.
func AbsSum[F Float](x []F) float64 {
	var s [8]float64
	n := whole[F](len(x), 8)
	if n > 0 {
		absSumAVX2(at(x), &s, n)
	}
	for i := n; i < len(x); i++ {
		s[i%8] += math.Abs(float64(x[i]))
	}
	return total(&s)
}

func total(s *[8]float64) float64 {
	return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]))
}
