//go:build !amd64

package number

const simd = false

func addAVX2(dst, x, y *float32, n int) { panic("no such instructions") }

func subAVX2(dst, x, y *float32, n int) { panic("no such instructions") }

func mulAVX2(dst, x, y *float32, n int) { panic("no such instructions") }

func divAVX2(dst, x, y *float32, n int) { panic("no such instructions") }

func scaleAVX2(dst, x *float32, c float32, n int) { panic("no such instructions") }

func divideAVX2(dst, x *float32, c float32, n int) { panic("no such instructions") }

func mulAddAVX2(dst, x *float32, c float32, n int) { panic("no such instructions") }

func zeroBelowAVX2(x *float32, c float32, n int) { panic("no such instructions") }

func zeroBitsAVX2(x *float32, bits *byte, n int) { panic("no such instructions") }

func belowAVX2(bits *byte, words *uint32, limit uint32, n int) { panic("no such instructions") }

func absAVX2(dst, x *float32, n int) { panic("no such instructions") }

func oneForZeroAVX2(x *float32, n int) { panic("no such instructions") }

func countEqualAVX2(x *float32, c float32, n int) int32 { panic("no such instructions") }

func electAVX2(x, w, sign *float32, c float32, n int) { panic("no such instructions") }

func roundBF16AVX2(x *float32, n int) { panic("no such instructions") }

func storeBF16AVX2(dst *byte, x *float32, n int) { panic("no such instructions") }

func loadBF16AVX2(dst *float32, b *byte, n int) { panic("no such instructions") }

func dotAVX2(x, y *float32, sums *[8]float64, n int) { panic("no such instructions") }

func sumAVX2(x *float32, sums *[8]float64, n int) { panic("no such instructions") }

func absSumAVX2(x *float32, sums *[8]float64, n int) { panic("no such instructions") }
