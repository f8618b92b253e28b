package cdc

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// splitMix is content that any language can make again: the SplitMix64
// generator's numbers, little-endian. Source: https://prng.di.unimi.it/splitmix64.c
func splitMix(n int, seed uint64) []byte {
	data := make([]byte, n+7)
	for i := 0; i < n; i += 8 {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		binary.LittleEndian.PutUint64(data[i:], z^z>>31)
	}
	return data[:n]
}

// cutSlowly is the specification's algorithm, byte by byte and without any of
// Cutter's tricks.
func cutSlowly(data []byte) (ends []int) {
	var h uint64
	start := 0
	for i, b := range data {
		h = h<<1 + gear[b]
		if size := i + 1 - start; size >= MaxSize || size >= MinSize && h>>48 == 0 {
			ends = append(ends, i+1)
			start, h = i+1, 0
		}
	}
	return ends
}

// cutIn cuts data given in blocks of the lengths, taken round and round.
func cutIn(data []byte, lengths ...int) (ends []int) {
	var c Cutter
	for offset, i := 0, 0; offset < len(data); i++ {
		n := min(lengths[i%len(lengths)], len(data)-offset)
		for _, end := range c.Cut(nil, data[offset:offset+n]) {
			ends = append(ends, offset+end)
		}
		offset += n
	}
	return ends
}

func TestCutGivesTheReferencesBoundaries(t *testing.T) {
	// The boundaries are those that xet-core's own tests state for these inputs.
	for _, test := range []struct {
		name string
		data []byte
		want []int
	}{
		{"nothing", nil, nil},
		{"one byte", []byte{1}, nil},
		{"1 MB of random bytes", splitMix(1_000_000, 0), []int{
			84493, 134421, 144853, 243318, 271793, 336457, 467529, 494581, 582000, 596735,
			616815, 653164, 678202, 724510, 815591, 827760, 958832, 991092,
		}},
		{"1 MB of one byte", bytes.Repeat([]byte{59}, 1_000_000), []int{
			131072, 262144, 393216, 524288, 655360, 786432, 917504,
		}},
		{"exactly the longest chunk", make([]byte, MaxSize), []int{MaxSize}},
	} {
		for _, lengths := range [][]int{{1}, {63}, {64, 65}, {8191}, {BlockSize}, {1 << 20}} {
			if got := cutIn(test.data, lengths...); !slices.Equal(got, test.want) {
				t.Errorf("%s in blocks of %v:\n got %v\nwant %v", test.name, lengths, got, test.want)
			}
		}
	}
}

// hitting is 64 bytes after which the gear hash has its upper bits clear,
// wherever they stand.
func hitting(t testing.TB) []byte {
	data := splitMix(1<<20, 7)
	var h uint64
	for i, b := range data {
		h = h<<1 + gear[b]
		if i >= window && h < hitBelow {
			return data[i+1-window : i+1]
		}
	}
	t.Fatal("found no hit in 1 MiB")
	return nil
}

// TestCutNearTheBounds puts hits at every place around the shortest and the
// longest length of a chunk, and around the borders of lanes and blocks.
func TestCutNearTheBounds(t *testing.T) {
	hit := hitting(t)
	for _, around := range []int{window, MinSize, 2 * MinSize, MaxSize, MaxSize + MinSize} {
		for at := around - 3; at <= around+3; at++ {
			data := make([]byte, MaxSize+3*MinSize)
			copy(data[max(at-window, 0):], hit)
			want := cutSlowly(data)
			for _, n := range []int{at, MinSize - 1, 3 * MinSize, len(data)} {
				if got := cutIn(data, n); !slices.Equal(got, want) {
					t.Fatalf("hit after byte %d, blocks of %d: got %v, want %v", at, n, got, want)
				}
			}
		}
	}
	dense := bytes.Repeat(hit, 4<<10) // a hit every 64 bytes
	if got, want := cutIn(dense, BlockSize), cutSlowly(dense); !slices.Equal(got, want) {
		t.Errorf("many hits: got %v, want %v", got, want)
	}
}

func FuzzCut(f *testing.F) {
	f.Add(uint64(1), uint16(3), uint16(9000), []byte("abc"))
	f.Add(uint64(2), uint16(64), uint16(1), hitting(f))
	f.Add(uint64(3), uint16(1), uint16(group-1), bytes.Repeat([]byte{0}, 300))
	f.Fuzz(func(t *testing.T, seed uint64, times, length uint16, pattern []byte) {
		data := append(splitMix(200<<10, seed), bytes.Repeat(pattern, int(times)%1000)...)
		data = data[:min(len(data), 1<<20)]
		want := cutSlowly(data)
		if got := cutIn(data, int(length)+1, 100_000); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}
