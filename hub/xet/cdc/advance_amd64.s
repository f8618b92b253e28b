#include "textflag.h"

#define LANE 16384

// STEP takes byte DX+k of the four lanes at BX into their hashes R8 to R11 by
// the table at SI, and goes to hit if one is below CX. It needs AX and R12, R13
// and R15 for itself.
#define STEP(k, hit) \
	MOVBLZX (0*LANE+k)(BX)(DX*1), AX  \
	MOVBLZX (1*LANE+k)(BX)(DX*1), R12 \
	MOVBLZX (2*LANE+k)(BX)(DX*1), R13 \
	MOVBLZX (3*LANE+k)(BX)(DX*1), R15 \
	MOVQ    (SI)(AX*8), AX   \
	MOVQ    (SI)(R12*8), R12 \
	MOVQ    (SI)(R13*8), R13 \
	MOVQ    (SI)(R15*8), R15 \
	LEAQ    (AX)(R8*2), R8   \
	LEAQ    (R12)(R9*2), R9  \
	LEAQ    (R13)(R10*2), R10 \
	LEAQ    (R15)(R11*2), R11 \
	CMPQ    R8, CX  \
	JCS     hit     \
	CMPQ    R9, CX  \
	JCS     hit     \
	CMPQ    R10, CX \
	JCS     hit     \
	CMPQ    R11, CX \
	JCS     hit

// func advance(b *[group]byte, table *[256]uint64, lanes *[4]uint64, i int) int
TEXT ·advance(SB), NOSPLIT, $0-40
	MOVQ b+0(FP), BX
	MOVQ table+8(FP), SI
	MOVQ lanes+16(FP), DI
	MOVQ i+24(FP), DX
	MOVQ 0(DI), R8
	MOVQ 8(DI), R9
	MOVQ 16(DI), R10
	MOVQ 24(DI), R11
	MOVQ $(1<<48), CX
	JMP  next

four:
	STEP(0, hit0)
	STEP(1, hit1)
	STEP(2, hit2)
	STEP(3, hit3)
	ADDQ $4, DX

next:
	CMPQ DX, $(LANE-4)
	JLE  four

one:
	CMPQ DX, $LANE
	JGE  done
	STEP(0, hit0)
	INCQ DX
	JMP  one

hit3:
	INCQ DX

hit2:
	INCQ DX

hit1:
	INCQ DX

hit0:
	INCQ DX

done:
	MOVQ R8, 0(DI)
	MOVQ R9, 8(DI)
	MOVQ R10, 16(DI)
	MOVQ R11, 24(DI)
	MOVQ DX, ret+32(FP)
	RET
