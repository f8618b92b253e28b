package number

import "math"

// The operations on vectors that merging spends its time in. All slices of one
// call are of one length; dst may be one of the operands. The conversions keep
// the compiler from fusing operations, which would give other bits on other
// processors.

// Add sets dst to x + y.
func Add[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] + y[i]
	}
}

// Sub sets dst to x - y.
func Sub[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] - y[i]
	}
}

// Mul sets dst to x · y.
func Mul[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * y[i]
	}
}

// Div sets dst to x / y.
func Div[F Float](dst, x, y []F) {
	x, y = x[:len(dst)], y[:len(dst)]
	for i := range dst {
		dst[i] = x[i] / y[i]
	}
}

// Scale sets dst to x · c.
func Scale[F Float](dst, x []F, c F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] * c
	}
}

// Divide sets dst to x / c.
func Divide[F Float](dst, x []F, c F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = x[i] / c
	}
}

// MulAdd sets dst to dst + x · c with one rounding in float32, with two in
// float64.
func MulAdd[F Float](dst, x []F, c F) {
	switch dst := any(dst).(type) {
	case []float32:
		mulAdd32(dst, any(x).([]float32), float32(c))
	case []float64:
		x := any(x).([]float64)[:len(dst)]
		for i := range dst {
			dst[i] += float64(x[i] * float64(c))
		}
	}
}

func mulAdd32(dst, x []float32, c float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = fma32(x[i], c, dst[i])
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
	if lost != 0 {
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
	for i := range dst {
		dst[i] = F(math.Abs(float64(x[i])))
	}
}

// Dot is Σ x·y, added in float64.
func Dot[F Float](x, y []F) float64 {
	y = y[:len(x)]
	var s [4]float64
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		a, b := x[i:i+4:i+4], y[i:i+4:i+4]
		s[0] += float64(float64(a[0]) * float64(b[0]))
		s[1] += float64(float64(a[1]) * float64(b[1]))
		s[2] += float64(float64(a[2]) * float64(b[2]))
		s[3] += float64(float64(a[3]) * float64(b[3]))
	}
	for i := n; i < len(x); i++ {
		s[0] += float64(float64(x[i]) * float64(y[i]))
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// Sum is Σ x, added in float64.
func Sum[F Float](x []F) float64 {
	var s [4]float64
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		a := x[i : i+4 : i+4]
		s[0] += float64(a[0])
		s[1] += float64(a[1])
		s[2] += float64(a[2])
		s[3] += float64(a[3])
	}
	for _, v := range x[n:] {
		s[0] += float64(v)
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// AbsSum is Σ |x|, added in float64.
func AbsSum[F Float](x []F) float64 {
	var s [4]float64
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		a := x[i : i+4 : i+4]
		s[0] += math.Abs(float64(a[0]))
		s[1] += math.Abs(float64(a[1]))
		s[2] += math.Abs(float64(a[2]))
		s[3] += math.Abs(float64(a[3]))
	}
	for _, v := range x[n:] {
		s[0] += math.Abs(float64(v))
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// Elect keeps the elements of x that are positive where sign is not negative,
// and negative where it is, and sets the others to 0; w is set to c where x is
// kept, else to 0.
func Elect[F Float](x, w, sign []F, c F) {
	w, sign = w[:len(x)], sign[:len(x)]
	for i, v := range x {
		if (sign[i] >= 0 && v > 0) || (!(sign[i] >= 0) && v < 0) {
			w[i] = c
		} else {
			x[i], w[i] = v*0, 0
		}
	}
}
