package cdc

const (
	// window is how many bytes the gear hash looks back: each step shifts the
	// older ones one bit further out of its 64.
	window = 64
	// hitBelow is the bound under which the upper 16 bits are clear.
	hitBelow = 1 << 48
	// laneSize is long enough for a lane's warming up not to count, and group
	// short enough to stay in a core's own cache.
	laneSize = 16 << 10
	group    = 4 * laneSize
)

// scan sets bit i of hits for each byte i of block after which the gear hash
// has its upper bits clear, and returns the hash after the last byte. The
// argument h is the hash before the first.
//
// A step of the hash waits for the one before it, and that, not the work, is
// what takes the time. So the block is scanned in four lanes side by side:
// since the hash forgets all but the last 64 bytes, a lane can start anywhere
// after having read the 64 before.
func scan(block []byte, h uint64, hits []uint64) uint64 {
	for len(block) >= group {
		h = scanGroup((*[group]byte)(block), h, hits)
		block, hits = block[group:], hits[group/64:]
	}
	for i, b := range block {
		if h = h<<1 + gear[b]; h < hitBelow {
			hits[i/64] |= 1 << (i % 64)
		}
	}
	return h
}

// scanGroup is scan for a block of four whole lanes.
func scanGroup(b *[group]byte, h uint64, hits []uint64) uint64 {
	lanes := [4]uint64{
		h,
		warm(b[laneSize-window : laneSize]),
		warm(b[2*laneSize-window : 2*laneSize]),
		warm(b[3*laneSize-window : 3*laneSize]),
	}
	for i := 0; i < laneSize; {
		i = advance(b, &gear, &lanes, i)
		for lane, h := range lanes {
			if h < hitBelow {
				at := lane*laneSize + i - 1
				hits[at/64] |= 1 << (at % 64)
			}
		}
	}
	return lanes[3]
}

// warm is the gear hash after the last of some bytes.
func warm(before []byte) (h uint64) {
	for _, b := range before {
		h = h<<1 + gear[b]
	}
	return h
}

// advanceGo is advance in Go: it takes the lanes' hashes from byte i of each
// lane on, and stops behind the first step in which one of them is a hit, or at
// the lanes' end. It returns where it stopped.
func advanceGo(b *[group]byte, table *[256]uint64, lanes *[4]uint64, i int) int {
	h0, h1, h2, h3 := lanes[0], lanes[1], lanes[2], lanes[3]
	for i < laneSize {
		h0 = h0<<1 + table[b[i]]
		h1 = h1<<1 + table[b[i+laneSize]]
		h2 = h2<<1 + table[b[i+2*laneSize]]
		h3 = h3<<1 + table[b[i+3*laneSize]]
		i++
		if h0 >= hitBelow && h1 >= hitBelow && h2 >= hitBelow && h3 >= hitBelow {
			continue
		}
		break
	}
	*lanes = [4]uint64{h0, h1, h2, h3}
	return i
}
