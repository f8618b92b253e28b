//go:build !amd64

package random

const simd = false

func twistAVX2(s, far *uint32, n int) { panic("no such instructions") }

func temperAVX2(dst, state *uint32, n int) { panic("no such instructions") }
