package number

import "golang.org/x/sys/cpu"

// simd says whether the processor has the instructions of simd_amd64.s.
var simd = cpu.X86.HasAVX2 && cpu.X86.HasFMA

//go:noescape
func addAVX2(dst, x, y *float32, n int)

//go:noescape
func subAVX2(dst, x, y *float32, n int)

//go:noescape
func mulAVX2(dst, x, y *float32, n int)

//go:noescape
func divAVX2(dst, x, y *float32, n int)

//go:noescape
func scaleAVX2(dst, x *float32, c float32, n int)

//go:noescape
func divideAVX2(dst, x *float32, c float32, n int)

//go:noescape
func mulAddAVX2(dst, x *float32, c float32, n int)

//go:noescape
func zeroBelowAVX2(x *float32, c float32, n int)

//go:noescape
func zeroBitsAVX2(x *float32, bits *byte, n int)

//go:noescape
func belowAVX2(bits *byte, words *uint32, limit uint32, n int)

//go:noescape
func absAVX2(dst, x *float32, n int)

//go:noescape
func oneForZeroAVX2(x *float32, n int)

//go:noescape
func countEqualAVX2(x *float32, c float32, n int) int32

//go:noescape
func electAVX2(x, w, sign *float32, c float32, n int)

//go:noescape
func roundBF16AVX2(x *float32, n int)

//go:noescape
func storeBF16AVX2(dst *byte, x *float32, n int)

//go:noescape
func loadBF16AVX2(dst *float32, b *byte, n int)

//go:noescape
func dotAVX2(x, y *float32, sums *[8]float64, n int)

//go:noescape
func sumAVX2(x *float32, sums *[8]float64, n int)

//go:noescape
func absSumAVX2(x *float32, sums *[8]float64, n int)
