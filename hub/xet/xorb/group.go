package xorb

import "encoding/binary"

// Grouping brings the bytes of numbers together that are alike, such as the
// exponents of a model's weights, where LZ4 can see them.

// group writes to dst the bytes of src at offsets 0, 4, 8, …, then those at
// 1, 5, 9, … and so on. Both must be of the same length.
func group(dst, src []byte) {
	n := len(src) / 4
	d0, d1, d2, d3 := groups(dst)
	a, b, c, d := d0[:n], d1[:n], d2[:n], d3[:n] // no bounds checks below
	for i := range a {
		word := binary.LittleEndian.Uint32(src[4*i:])
		a[i], b[i], c[i], d[i] = byte(word), byte(word>>8), byte(word>>16), byte(word>>24)
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
	a, b, c, d := s0[:n], s1[:n], s2[:n], s3[:n]
	for i := range a {
		word := uint32(a[i]) | uint32(b[i])<<8 | uint32(c[i])<<16 | uint32(d[i])<<24
		binary.LittleEndian.PutUint32(dst[4*i:], word)
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
