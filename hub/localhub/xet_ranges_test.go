package localhub

import (
	"testing"

	"longcat/hub/xet"
)

func TestParseRanges(t *testing.T) {
	for header, want := range map[string][]xet.Span{
		"":                     nil,
		"bytes=0-9":            {{Start: 0, End: 9}},
		"bytes=5-":             {{Start: 5, End: 99}},
		"bytes=5-1000":         {{Start: 5, End: 99}},
		"bytes=1-2, 7-7,99-99": {{Start: 1, End: 2}, {Start: 7, End: 7}, {Start: 99, End: 99}},
	} {
		got, err := parseRanges(header, 100)
		if err != nil || len(got) != len(want) {
			t.Errorf("%q: %v, %v", header, got, err)
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%q: %v, want %v", header, got, want)
			}
		}
	}
	for header, status := range map[string]int{
		"bytes=100-": 416, "bytes=0-1,200-300": 416, "bytes=0-9223372036854775808": 400, "bytes=18446744073709551616-": 400,
		"bytes=": 400, "bytes=-5": 400, "bytes=5": 400, "bytes=7-3": 400, "bytes=+1-2": 400, "bytes 0-9": 400, "items=0-9": 400,
	} {
		if _, err := parseRanges(header, 100); err == nil || asAPIError(err).Status != status {
			t.Errorf("%q: %v, want %d", header, err, status)
		}
	}
}

func FuzzParseRanges(f *testing.F) {
	f.Add("bytes=0-9,20-", int64(100))
	f.Add("bytes=-1", int64(1))
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 1 {
			return
		}
		spans, err := parseRanges(header, size)
		if len(spans) > maxRanges {
			t.Errorf("%d ranges", len(spans))
		}
		for _, s := range spans {
			if err != nil || s.Start < 0 || s.End < s.Start || s.End >= size {
				t.Errorf("%q of %d bytes: %v, %v", header, size, spans, err)
			}
		}
	})
}

func TestJoinAndCover(t *testing.T) {
	joined := join([]chunkRange{{9, 12}, {0, 3}, {3, 5}, {10, 11}, {20, 21}, {4, 5}})
	if len(joined) != 3 || joined[0] != (chunkRange{0, 5}) || joined[1] != (chunkRange{9, 12}) || joined[2] != (chunkRange{20, 21}) {
		t.Fatal(joined)
	}
	for r, want := range map[chunkRange]bool{{0, 5}: true, {2, 4}: true, {0, 6}: false, {5, 6}: false, {9, 12}: true, {8, 12}: false, {20, 21}: true, {21, 22}: false} {
		if covers(joined, r.first, r.end) != want {
			t.Errorf("covers %v: %v", r, !want)
		}
	}
	if covers(nil, 0, 1) {
		t.Error("nothing covers something")
	}
}
