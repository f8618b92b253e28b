package cache

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

func le64(v int) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(v)) }

// The set is held against a plain array of flags.
func TestExtentsAgainstFlags(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for range 200 {
		const size = 64
		var set extents
		var flags [size]bool
		for range 12 {
			a, b := rng.Int64N(size), rng.Int64N(size+1)
			set = set.add(Extent{a, b})
			for i := a; i < b; i++ {
				flags[i] = true
			}
		}
		checkExtents(t, set, flags[:])
	}
}

func checkExtents(t *testing.T, set extents, flags []bool) {
	t.Helper()
	got := make([]bool, len(flags))
	for i := range got {
		got[i] = true
	}
	var missing int64
	for _, g := range set.missing(int64(len(flags))) {
		missing += g.Len()
		for i := g.Start; i < g.End; i++ {
			got[i] = false
		}
	}
	if !slices.Equal(got, flags) {
		t.Fatalf("set %v does not match", set)
	}
	if set.bytes()+missing != int64(len(flags)) {
		t.Fatalf("set %v has %d bytes and misses %d of %d", set, set.bytes(), missing, len(flags))
	}
	frontier := slices.Index(flags, false)
	if frontier < 0 {
		frontier = len(flags)
	}
	if set.frontier() != int64(frontier) {
		t.Fatalf("set %v: frontier %d, want %d", set, set.frontier(), frontier)
	}
	for i := 1; i < len(set); i++ {
		if set[i].Start <= set[i-1].End {
			t.Fatalf("set %v touches itself", set)
		}
	}
}

// A journal cut anywhere proves no more than the whole one, and never fails.
func TestJournalCutAnywhere(t *testing.T) {
	head := journalHead{Etag: "e", Size: 1000, Boot: "b"}
	b := appendRecord(nil, recordHead, []byte(`{"etag":"e","size":1000,"boot":"b"}`))
	for i := range 10 {
		b = appendRecord(b, recordWrote, wrotePayload(Extent{int64(i) * 100, int64(i)*100 + 100}))
	}
	last := int64(0)
	for cut := range len(b) + 1 {
		got := replay(b[:cut], head).have.frontier()
		if got < last {
			t.Fatalf("cut at %d proves %d bytes, the shorter one proved %d", cut, got, last)
		}
		last = got
	}
	if last != 1000 {
		t.Fatalf("the whole journal proves %d bytes", last)
	}
}

func FuzzReplay(f *testing.F) {
	b := appendRecord(nil, recordHead, []byte(`{"etag":"e","size":100,"boot":"b"}`))
	b = appendRecord(b, recordWrote, wrotePayload(Extent{0, 40}))
	b = appendRecord(b, recordHash, hashPayload(40, []byte("state")))
	b = appendRecord(b, recordSync, le64(len(b)))
	f.Add(b, "b")
	f.Add(b, "other")
	f.Add(appendRecord(b, recordWrote, wrotePayload(Extent{1 << 62, 1<<62 + 5})), "b")
	f.Fuzz(func(t *testing.T, b []byte, boot string) {
		p := replay(b, journalHead{Etag: "e", Size: 100, Boot: boot})
		if p.hashed > p.have.frontier() || p.have.frontier() > 100 || p.have.bytes() > 100 {
			t.Errorf("a journal proves too much: %+v", p)
		}
	})
}
