package cdc

import "testing"

// FuzzAdvance compares the two ways to advance, from every place of the lanes
// at which they may be told to start.
func FuzzAdvance(f *testing.F) {
	f.Add(uint64(1), uint16(0), []byte(nil))
	f.Add(uint64(2), uint16(laneSize-5), hitting(f))
	f.Add(uint64(3), uint16(laneSize-1), hitting(f))
	f.Add(uint64(4), uint16(laneSize), hitting(f))
	f.Fuzz(func(t *testing.T, seed uint64, start uint16, pattern []byte) {
		b := (*[group]byte)(splitMix(group, seed))
		for i := 0; len(pattern) > 0 && i < group; i += 3 * len(pattern) {
			copy(b[i:], pattern)
		}
		i := int(start) % (laneSize + 1)
		one := [4]uint64{seed, seed << 48, seed << 47, 1}
		other := one
		for n := 0; i < laneSize; n++ {
			got, want := advance(b, &gear, &one, i), advanceGo(b, &gear, &other, i)
			if got != want || one != other || want <= i {
				t.Fatalf("from %d: at %d with %x, want %d with %x", i, got, one, want, other)
			}
			i = want
		}
	})
}

func BenchmarkAdvance(b *testing.B) {
	data := (*[group]byte)(splitMix(group, 1))
	for name, advance := range map[string]func(*[group]byte, *[256]uint64, *[4]uint64, int) int{
		"this system": advance, "go": advanceGo,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(group)
			for b.Loop() {
				lanes := [4]uint64{}
				for i := 0; i < laneSize; {
					i = advance(data, &gear, &lanes, i)
				}
			}
		})
	}
}
