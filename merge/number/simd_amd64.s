//go:build amd64

#include "textflag.h"

// Eight elements at a time; n is a positive multiple of 8, of 16 where it says so.
// The plain loops in vector.go and float.go say what each function does.

// BINARY is the start of a function of three vectors.
#define BINARY \
	MOVQ dst+0(FP), DI \
	MOVQ x+8(FP), SI \
	MOVQ y+16(FP), DX \
	MOVQ n+24(FP), CX \
	XORQ AX, AX

// UNARY is the start of a function of two vectors and a number.
#define UNARY \
	MOVQ dst+0(FP), DI \
	MOVQ x+8(FP), SI \
	VBROADCASTSS c+16(FP), Y15 \
	MOVQ n+24(FP), CX \
	XORQ AX, AX

// NEXT goes on until all elements are done.
#define NEXT \
	ADDQ $8, AX \
	CMPQ AX, CX

// func addAVX2(dst, x, y *float32, n int)
TEXT ·addAVX2(SB), NOSPLIT, $0-32
	BINARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VADDPS (DX)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func subAVX2(dst, x, y *float32, n int)
TEXT ·subAVX2(SB), NOSPLIT, $0-32
	BINARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VSUBPS (DX)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func mulAVX2(dst, x, y *float32, n int)
TEXT ·mulAVX2(SB), NOSPLIT, $0-32
	BINARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VMULPS (DX)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func divAVX2(dst, x, y *float32, n int)
TEXT ·divAVX2(SB), NOSPLIT, $0-32
	BINARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VDIVPS (DX)(AX*4), Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func scaleAVX2(dst, x *float32, c float32, n int)
TEXT ·scaleAVX2(SB), NOSPLIT, $0-32
	UNARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VMULPS Y15, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func divideAVX2(dst, x *float32, c float32, n int)
TEXT ·divideAVX2(SB), NOSPLIT, $0-32
	UNARY
loop:
	VMOVUPS (SI)(AX*4), Y0
	VDIVPS Y15, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func mulAddAVX2(dst, x *float32, c float32, n int)
TEXT ·mulAddAVX2(SB), NOSPLIT, $0-32
	UNARY
loop:
	VMOVUPS (DI)(AX*4), Y0
	VFMADD231PS (SI)(AX*4), Y15, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func zeroBelowAVX2(x *float32, c float32, n int)
TEXT ·zeroBelowAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), DI
	VBROADCASTSS c+8(FP), Y15
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPCMPEQD Y14, Y14, Y14
	VPSRLD $1, Y14, Y14 // all bits but the sign
	VXORPS Y13, Y13, Y13
loop:
	VMOVUPS (DI)(AX*4), Y0
	VANDPS Y14, Y0, Y1
	VCMPPS $1, Y15, Y1, Y1 // less
	VMULPS Y13, Y0, Y2
	VBLENDVPS Y1, Y2, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func zeroBitsAVX2(x *float32, bits *byte, n int)
TEXT ·zeroBitsAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), DI
	MOVQ bits+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	MOVQ $0x8040201008040201, BX
	VMOVQ BX, X15
	VPMOVZXBD X15, Y15 // 1, 2, 4, …, 128
	VXORPS Y13, Y13, Y13
loop:
	MOVQ AX, DX
	SHRQ $3, DX
	MOVBLZX (SI)(DX*1), BX
	VMOVD BX, X1
	VPBROADCASTD X1, Y1
	VPAND Y15, Y1, Y1
	VPCMPEQD Y15, Y1, Y1 // kept
	VMOVUPS (DI)(AX*4), Y0
	VMULPS Y13, Y0, Y2
	VBLENDVPS Y1, Y0, Y2, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func belowAVX2(bits *byte, words *uint32, limit uint32, n int)
TEXT ·belowAVX2(SB), NOSPLIT, $0-32
	MOVQ bits+0(FP), DI
	MOVQ words+8(FP), SI
	MOVL limit+16(FP), BX
	VMOVD BX, X15
	VPBROADCASTD X15, Y15
	MOVQ n+24(FP), CX
	XORQ AX, AX
	VPCMPEQD Y14, Y14, Y14
	VPSRLD $8, Y14, Y14 // the lower 24 bits
loop:
	VPAND (SI)(AX*4), Y14, Y1
	VPCMPGTD Y1, Y15, Y1
	VMOVMSKPS Y1, BX
	MOVQ AX, DX
	SHRQ $3, DX
	MOVB BX, (DI)(DX*1)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func absAVX2(dst, x *float32, n int)
TEXT ·absAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPCMPEQD Y14, Y14, Y14
	VPSRLD $1, Y14, Y14 // all bits but the sign
loop:
	VANDPS (SI)(AX*4), Y14, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func oneForZeroAVX2(x *float32, n int)
TEXT ·oneForZeroAVX2(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), DI
	MOVQ n+8(FP), CX
	XORQ AX, AX
	VXORPS Y14, Y14, Y14
	MOVL $0x3f800000, BX
	VMOVD BX, X15
	VPBROADCASTD X15, Y15
loop:
	VMOVUPS (DI)(AX*4), Y0
	VCMPPS $0, Y14, Y0, Y1
	VBLENDVPS Y1, Y15, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func countEqualAVX2(x *float32, c float32, n int) int32
TEXT ·countEqualAVX2(SB), NOSPLIT, $0-28
	MOVQ x+0(FP), SI
	VBROADCASTSS c+8(FP), Y15
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPXOR Y0, Y0, Y0
loop:
	VCMPPS $0, (SI)(AX*4), Y15, Y1
	VPSUBD Y1, Y0, Y0
	NEXT
	JLT  loop
	VEXTRACTI128 $1, Y0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0x4e, X0, X1
	VPADDD X1, X0, X0
	VPSHUFD $0xb1, X0, X1
	VPADDD X1, X0, X0
	VMOVD X0, BX
	MOVL BX, ret+24(FP)
	VZEROUPPER
	RET

// func electAVX2(x, w, sign *float32, c float32, n int)
TEXT ·electAVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ sign+16(FP), DX
	VBROADCASTSS c+24(FP), Y15
	MOVQ n+32(FP), CX
	XORQ AX, AX
	VXORPS Y14, Y14, Y14
loop:
	VMOVUPS (DI)(AX*4), Y0
	VMOVUPS (DX)(AX*4), Y1
	VCMPPS $13, Y14, Y1, Y1 // sign >= 0
	VCMPPS $14, Y14, Y0, Y2 // x > 0
	VCMPPS $1, Y14, Y0, Y3  // x < 0
	VBLENDVPS Y1, Y2, Y3, Y1
	VMULPS Y14, Y0, Y2
	VBLENDVPS Y1, Y0, Y2, Y0
	VMOVUPS Y0, (DI)(AX*4)
	VANDPS Y15, Y1, Y1
	VMOVUPS Y1, (SI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func roundBF16AVX2(x *float32, n int)
TEXT ·roundBF16AVX2(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), DI
	MOVQ n+8(FP), CX
	XORQ AX, AX
	VPCMPEQD Y14, Y14, Y14
	VPSLLD $16, Y14, Y13 // the upper half
	VPSRLD $31, Y14, Y12 // 1
	VPSRLD $17, Y14, Y11 // 0x7fff
	VPSLLD $22, Y12, Y10 // what makes a NaN quiet
loop:
	VMOVUPS (DI)(AX*4), Y0
	VPSRLD $16, Y0, Y1
	VPAND Y12, Y1, Y1
	VPADDD Y11, Y1, Y1
	VPADDD Y0, Y1, Y1
	VPOR Y10, Y0, Y2
	VCMPPS $3, Y0, Y0, Y0 // not a number
	VBLENDVPS Y0, Y2, Y1, Y0
	VPAND Y13, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func storeBF16AVX2(dst *byte, x *float32, n int)
TEXT ·storeBF16AVX2(SB), NOSPLIT, $0-24
	// n is a multiple of 16.
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPCMPEQD Y14, Y14, Y14
	VPSLLD $16, Y14, Y13 // the upper half
	VPSRLD $31, Y14, Y12 // 1
	VPSRLD $17, Y14, Y11 // 0x7fff
	VPSLLD $22, Y12, Y10 // what makes a NaN quiet
loop:
	VMOVUPS (SI)(AX*4), Y0
	VMOVUPS 32(SI)(AX*4), Y3
	VPSRLD $16, Y0, Y1
	VPAND Y12, Y1, Y1
	VPADDD Y11, Y1, Y1
	VPADDD Y0, Y1, Y1
	VPOR Y10, Y0, Y2
	VCMPPS $3, Y0, Y0, Y0 // not a number
	VBLENDVPS Y0, Y2, Y1, Y0
	VPSRLD $16, Y3, Y4
	VPAND Y12, Y4, Y4
	VPADDD Y11, Y4, Y4
	VPADDD Y3, Y4, Y4
	VPOR Y10, Y3, Y5
	VCMPPS $3, Y3, Y3, Y3 // not a number
	VBLENDVPS Y3, Y5, Y4, Y3
	VPSRLD $16, Y0, Y0
	VPSRLD $16, Y3, Y3
	VPACKUSDW Y3, Y0, Y0
	VPERMQ $0xd8, Y0, Y0
	VMOVDQU Y0, (DI)(AX*2)
	ADDQ $16, AX
	CMPQ AX, CX
	JLT  loop
	VZEROUPPER
	RET

// func loadBF16AVX2(dst *float32, b *byte, n int)
TEXT ·loadBF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
loop:
	VPMOVZXWD (SI)(AX*2), Y0
	VPSLLD $16, Y0, Y0
	VMOVUPS Y0, (DI)(AX*4)
	NEXT
	JLT  loop
	VZEROUPPER
	RET

// func dotAVX2(x, y *float32, sums *[8]float64, n int)
TEXT ·dotAVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ y+8(FP), DX
	MOVQ sums+16(FP), DI
	MOVQ n+24(FP), CX
	XORQ AX, AX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
loop:
	VCVTPS2PD (SI)(AX*4), Y2
	VCVTPS2PD (DX)(AX*4), Y3
	VCVTPS2PD 16(SI)(AX*4), Y4
	VCVTPS2PD 16(DX)(AX*4), Y5
	VFMADD231PD Y2, Y3, Y0 // the product is exact
	VFMADD231PD Y4, Y5, Y1
	NEXT
	JLT  loop
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VZEROUPPER
	RET

// func sumAVX2(x *float32, sums *[8]float64, n int)
TEXT ·sumAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ sums+8(FP), DI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
loop:
	VCVTPS2PD (SI)(AX*4), Y2
	VCVTPS2PD 16(SI)(AX*4), Y3
	VADDPD Y2, Y0, Y0
	VADDPD Y3, Y1, Y1
	NEXT
	JLT  loop
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VZEROUPPER
	RET

// func absSumAVX2(x *float32, sums *[8]float64, n int)
TEXT ·absSumAVX2(SB), NOSPLIT, $0-24
	MOVQ x+0(FP), SI
	MOVQ sums+8(FP), DI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VXORPD Y0, Y0, Y0
	VXORPD Y1, Y1, Y1
	VPCMPEQD Y14, Y14, Y14
	VPSRLQ $1, Y14, Y14 // all bits but the sign
loop:
	VCVTPS2PD (SI)(AX*4), Y2
	VCVTPS2PD 16(SI)(AX*4), Y3
	VANDPD Y14, Y2, Y2
	VANDPD Y14, Y3, Y3
	VADDPD Y2, Y0, Y0
	VADDPD Y3, Y1, Y1
	NEXT
	JLT  loop
	VMOVUPD Y0, (DI)
	VMOVUPD Y1, 32(DI)
	VZEROUPPER
	RET
