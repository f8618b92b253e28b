// Package number converts between the number formats in which weights are stored
// and the two in which they are computed, float32 and float64. Every conversion
// to a narrower format rounds to the nearest value, ties to even.
package number

import (
	"encoding/binary"
	"math"
	"sort"

	"longcat/merge/safetensors"
)

// Float is a format to compute in.
type Float interface{ float32 | float64 }

// IsFloat reports whether a dtype holds numbers that can be converted and
// scaled. Integers, flags and packed types never are: they are indexes, masks
// and quantised weights.
func IsFloat(t safetensors.DType) bool {
	switch t {
	case safetensors.F64, safetensors.F32, safetensors.BF16, safetensors.F16, safetensors.F8E4M3, safetensors.F8E5M2:
		return true
	}
	return false
}

// Load reads len(v) elements of a float type. What is wider than F is rounded.
func Load[F Float](t safetensors.DType, v []F, b []byte) {
	switch v := any(v).(type) {
	case []float32:
		load32(t, v, b)
	case []float64:
		load64(t, v, b)
	}
}

// Store writes the elements in a float type. From float64 to a type of at most
// 16 bits they go through float32, as torch takes them.
func Store[F Float](t safetensors.DType, b []byte, v []F) {
	switch v := any(v).(type) {
	case []float32:
		store32(t, b, v)
	case []float64:
		store64(t, b, v)
	}
}

// Round makes each element the nearest that the type can hold.
func Round[F Float](t safetensors.DType, v []F) {
	switch v := any(v).(type) {
	case []float32:
		round32(t, v)
	case []float64:
		round64(t, v)
	}
}

func load32(t safetensors.DType, v []float32, b []byte) {
	switch t {
	case safetensors.F64:
		for i := range v {
			v[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
	case safetensors.F32:
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	case safetensors.BF16:
		n := whole[float32](len(v), 8)
		if n > 0 {
			loadBF16AVX2(&v[0], &b[:2*n][0], n)
		}
		for i := n; i < len(v); i++ {
			v[i] = bf16ToFloat(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case safetensors.F16:
		for i := range v {
			v[i] = f16ToFloat(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case safetensors.F8E4M3:
		for i := range v {
			v[i] = e4m3[b[i]]
		}
	case safetensors.F8E5M2:
		for i := range v {
			v[i] = e5m2[b[i]]
		}
	}
}

func store32(t safetensors.DType, b []byte, v []float32) {
	switch t {
	case safetensors.F64:
		for i, x := range v {
			binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(float64(x)))
		}
	case safetensors.F32:
		for i, x := range v {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(x))
		}
	case safetensors.BF16:
		n := whole[float32](len(v), 16)
		if n > 0 {
			storeBF16AVX2(&b[:2*n][0], &v[0], n)
		}
		for i := n; i < len(v); i++ {
			binary.LittleEndian.PutUint16(b[2*i:], floatToBF16(v[i]))
		}
	case safetensors.F16:
		for i, x := range v {
			binary.LittleEndian.PutUint16(b[2*i:], floatToF16(x))
		}
	case safetensors.F8E4M3:
		for i, x := range v {
			// torch stops at the largest value, since the type has no infinity.
			b[i] = floatTo8(&e4m3, 0x7e, 0x7e, x)
		}
	case safetensors.F8E5M2:
		for i, x := range v {
			b[i] = floatTo8(&e5m2, 0x7b, 0x7c, x)
		}
	}
}

func round32(t safetensors.DType, v []float32) {
	switch t {
	case safetensors.BF16:
		n := whole[float32](len(v), 8)
		if n > 0 {
			roundBF16AVX2(&v[0], n)
		}
		for i := n; i < len(v); i++ {
			v[i] = bf16ToFloat(floatToBF16(v[i]))
		}
	case safetensors.F16:
		for i, x := range v {
			v[i] = f16ToFloat(floatToF16(x))
		}
	case safetensors.F8E4M3:
		for i, x := range v {
			v[i] = e4m3[floatTo8(&e4m3, 0x7e, 0x7e, x)]
		}
	case safetensors.F8E5M2:
		for i, x := range v {
			v[i] = e5m2[floatTo8(&e5m2, 0x7b, 0x7c, x)]
		}
	}
}

// narrow is how many elements of float64 are taken through float32 at a time.
const narrow = 512

func load64(t safetensors.DType, v []float64, b []byte) {
	if t == safetensors.F64 {
		for i := range v {
			v[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return
	}
	var part [narrow]float32
	for width := t.Bits() / 8; len(v) > 0; {
		p := part[:min(narrow, len(v))]
		load32(t, p, b)
		for i, x := range p {
			v[i] = float64(x)
		}
		v, b = v[len(p):], b[int64(len(p))*width:]
	}
}

func store64(t safetensors.DType, b []byte, v []float64) {
	if t == safetensors.F64 {
		for i, x := range v {
			binary.LittleEndian.PutUint64(b[8*i:], math.Float64bits(x))
		}
		return
	}
	var part [narrow]float32
	for width := t.Bits() / 8; len(v) > 0; {
		p := part[:min(narrow, len(v))]
		for i := range p {
			p[i] = float32(v[i])
		}
		store32(t, b, p)
		v, b = v[len(p):], b[int64(len(p))*width:]
	}
}

func round64(t safetensors.DType, v []float64) {
	if t == safetensors.F64 {
		return
	}
	var part [narrow]float32
	for len(v) > 0 {
		p := part[:min(narrow, len(v))]
		for i := range p {
			p[i] = float32(v[i])
		}
		round32(t, p)
		for i, x := range p {
			v[i] = float64(x)
		}
		v = v[len(p):]
	}
}

func bf16ToFloat(h uint16) float32 { return math.Float32frombits(uint32(h) << 16) }

// floatToBF16 keeps the upper half of the bits, rounded.
func floatToBF16(v float32) uint16 {
	b := math.Float32bits(v)
	if b&0x7fffffff > 0x7f800000 {
		return uint16(b>>16) | 0x40 // a quiet NaN: its lower half may have been all that made it one
	}
	return uint16((b + 0x7fff + b>>16&1) >> 16)
}

// f16ToFloat widens an IEEE 754 binary16.
func f16ToFloat(h uint16) float32 {
	sign, exp, man := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exp {
	case 0: // zero or subnormal: man × 2^-24, exact in float32
		v := float32(man) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | man<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | man<<13)
}

// floatToF16 rounds to an IEEE 754 binary16; what is too large becomes infinite.
func floatToF16(v float32) uint16 {
	b := math.Float32bits(v)
	sign, abs := uint16(b>>16&0x8000), b&0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00 | uint16(abs>>13&0x1ff)
	case abs >= 0x477ff000: // 65520 and above
		return sign | 0x7c00
	case abs < 0x38800000: // below 2^-14: subnormal. Adding 0.5 lines the bits up and rounds them.
		sum := math.Float32frombits(abs) + 0.5
		return sign | uint16(math.Float32bits(sum)-0x3f000000)
	}
	abs += 0xfff + abs>>13&1
	return sign | uint16((abs-0x38000000)>>13)
}

// floatTo8 finds the nearest of an 8-bit float's values, ties to the even code.
// finite is the code of the largest one; what rounds past it gets the code over.
func floatTo8(values *[256]float32, finite int, over byte, v float32) byte {
	bits := math.Float32bits(v)
	sign, abs := byte(bits>>24&0x80), math.Float32frombits(bits&0x7fffffff)
	if v != v {
		return sign | 0x7f
	}
	i := sort.Search(finite+1, func(i int) bool { return values[i] >= abs })
	if i <= finite && values[i] == abs {
		return sign | byte(i)
	}
	low := values[i-1]
	high := 2*low - values[max(i-2, 0)]
	if i <= finite {
		high = values[i]
	}
	if down, up := abs-low, high-abs; down < up || (down == up && i%2 == 1) {
		i--
	}
	if i > finite {
		return sign | over
	}
	return sign | byte(i)
}

// e5m2 are the values of the 8-bit float with 5 exponent bits: a float16
// without its last byte.
var e5m2 = func() (table [256]float32) {
	for i := range table {
		table[i] = f16ToFloat(uint16(i) << 8)
	}
	return table
}()

// e4m3 are the values of the 8-bit float with 4 exponent bits, without
// infinities. Source: "FP8 Formats for Deep Learning" (arXiv 2209.05433), table 1.
var e4m3 = func() (table [256]float32) {
	for i := range table {
		exp, man := i>>3&0xf, i&7
		v := math.Ldexp(float64(8+man), exp-10)
		if exp == 0 {
			v = math.Ldexp(float64(man), -9)
		}
		if i&0x7f == 0x7f {
			v = math.NaN()
		}
		table[i] = float32(math.Copysign(v, 1-float64(i>>7)*2))
	}
	return table
}()
