package random

import "golang.org/x/sys/cpu"

// simd says whether the processor has the instructions of simd_amd64.s.
var simd = cpu.X86.HasAVX2

//go:noescape
func twistAVX2(s, far *uint32, n int)

//go:noescape
func temperAVX2(dst, state *uint32, n int)
