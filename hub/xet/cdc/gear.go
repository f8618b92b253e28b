package cdc

const (
	// window is how many bytes the gear hash looks back: each step shifts the
	// older ones one bit further out of its 64.
	window = 64
	// hitBelow is the bound under which the upper 16 bits are clear.
	hitBelow = 1 << 48
	// minLane is the length from which on lanes pay for their warming up.
	minLane = 8 * window
)

// scan sets bit i of hits for each byte i of block after which the gear hash
// has its upper bits clear, and returns the hash after the last byte. The
// argument h is the hash before the first.
//
// A step of the hash waits for the one before it, and that, not the work, is
// what takes the time. So the block is cut in three lanes that are scanned
// side by side: since the hash forgets all but the last 64 bytes, a lane can
// start anywhere after having read the 64 before.
func scan(block []byte, h uint64, hits []uint64) uint64 {
	n := len(block) / 3
	if n < minLane {
		return scanLane(block, 0, h, hits)
	}
	lane0, lane1, lane2 := block[:n], block[n:2*n], block[2*n:3*n]
	h1 := warm(lane0)
	h2 := warm(lane1)
	lane1, lane2 = lane1[:len(lane0)], lane2[:len(lane0)] // no bounds checks below
	for i := range lane0 {
		h = h<<1 + gear[lane0[i]]
		h1 = h1<<1 + gear[lane1[i]]
		h2 = h2<<1 + gear[lane2[i]]
		if h < hitBelow || h1 < hitBelow || h2 < hitBelow { // one in 22000
			if h < hitBelow {
				hits[i/64] |= 1 << (i % 64)
			}
			if h1 < hitBelow {
				hits[(n+i)/64] |= 1 << ((n + i) % 64)
			}
			if h2 < hitBelow {
				hits[(2*n+i)/64] |= 1 << ((2*n + i) % 64)
			}
		}
	}
	return scanLane(block[3*n:], 3*n, h2, hits)
}

// warm is the gear hash after the last byte of before.
func warm(before []byte) (h uint64) {
	for _, b := range before[len(before)-window:] {
		h = h<<1 + gear[b]
	}
	return h
}

// scanLane is scan over one lane that starts at byte offset of the block.
func scanLane(lane []byte, offset int, h uint64, hits []uint64) uint64 {
	for i, b := range lane {
		h = h<<1 + gear[b]
		if h < hitBelow {
			hits[(offset+i)/64] |= 1 << ((offset + i) % 64)
		}
	}
	return h
}
