package xorb

// Grouping brings the bytes of numbers together that are alike, such as the
// exponents of a model's weights, where LZ4 can see them.

// group writes to dst the bytes of src at offsets 0, 4, 8, …, then those at
// 1, 5, 9, … and so on. Both must be of the same length.
func group(dst, src []byte) {
	n := len(src) / 4
	d0, d1, d2, d3 := groups(dst)
	for i, p := 0, src; i < n && len(p) >= 4; i, p = i+1, p[4:] {
		d0[i], d1[i], d2[i], d3[i] = p[0], p[1], p[2], p[3]
	}
	switch rest := src[4*n:]; len(rest) {
	case 3:
		d2[n] = rest[2]
		fallthrough
	case 2:
		d1[n] = rest[1]
		fallthrough
	case 1:
		d0[n] = rest[0]
	}
}

// ungroup undoes group.
func ungroup(dst, src []byte) {
	n := len(src) / 4
	s0, s1, s2, s3 := groups(src)
	for i, p := 0, dst; i < n && len(p) >= 4; i, p = i+1, p[4:] {
		p[0], p[1], p[2], p[3] = s0[i], s1[i], s2[i], s3[i]
	}
	switch rest := dst[4*n:]; len(rest) {
	case 3:
		rest[2] = s2[n]
		fallthrough
	case 2:
		rest[1] = s1[n]
		fallthrough
	case 1:
		rest[0] = s0[n]
	}
}

// groups divides grouped bytes into the four groups. If their number is not
// divisible by four, the first groups are one byte longer.
func groups(b []byte) (b0, b1, b2, b3 []byte) {
	n, rest := len(b)/4, len(b)%4
	end0 := n + min(rest, 1)
	end1 := end0 + n + max(min(rest, 2)-1, 0)
	end2 := end1 + n + max(rest-2, 0)
	return b[:end0], b[end0:end1], b[end1:end2], b[end2:]
}
