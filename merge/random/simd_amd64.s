//go:build amd64

#include "textflag.h"

// Eight words at a time; n is a positive multiple of 8. The plain loops in
// random.go say what each function does.

DATA ·upper+0(SB)/4, $0x80000000
GLOBL ·upper(SB), RODATA, $4
DATA ·matrix+0(SB)/4, $0x9908b0df
GLOBL ·matrix(SB), RODATA, $4
DATA ·maskB+0(SB)/4, $0x9d2c5680
GLOBL ·maskB(SB), RODATA, $4
DATA ·maskC+0(SB)/4, $0xefc60000
GLOBL ·maskC(SB), RODATA, $4

// func twistAVX2(s, far *uint32, n int)
TEXT ·twistAVX2(SB), NOSPLIT, $0-24
	MOVQ s+0(FP), DI
	MOVQ far+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPBROADCASTD ·upper(SB), Y15
	VPBROADCASTD ·matrix(SB), Y14
loop:
	VMOVDQU (DI)(AX*4), Y0
	VMOVDQU 4(DI)(AX*4), Y1
	VPAND Y15, Y0, Y0
	VPANDN Y1, Y15, Y2
	VPOR Y0, Y2, Y0
	VPSLLD $31, Y1, Y1 // the lowest bit is that of the next word
	VPSRAD $31, Y1, Y1
	VPAND Y14, Y1, Y1
	VPSRLD $1, Y0, Y0
	VPXOR (SI)(AX*4), Y0, Y0
	VPXOR Y1, Y0, Y0
	VMOVDQU Y0, (DI)(AX*4)
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop
	VZEROUPPER
	RET

// func temperAVX2(dst, state *uint32, n int)
TEXT ·temperAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ state+8(FP), SI
	MOVQ n+16(FP), CX
	XORQ AX, AX
	VPBROADCASTD ·maskB(SB), Y15
	VPBROADCASTD ·maskC(SB), Y14
loop:
	VMOVDQU (SI)(AX*4), Y0
	VPSRLD $11, Y0, Y1
	VPXOR Y1, Y0, Y0
	VPSLLD $7, Y0, Y1
	VPAND Y15, Y1, Y1
	VPXOR Y1, Y0, Y0
	VPSLLD $15, Y0, Y1
	VPAND Y14, Y1, Y1
	VPXOR Y1, Y0, Y0
	VPSRLD $18, Y0, Y1
	VPXOR Y1, Y0, Y0
	VMOVDQU Y0, (DI)(AX*4)
	ADDQ $8, AX
	CMPQ AX, CX
	JLT  loop
	VZEROUPPER
	RET
