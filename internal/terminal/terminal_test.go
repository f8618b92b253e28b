package terminal

import (
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"longcat/internal/progress"
)

func TestBarFits(t *testing.T) {
	const gb = 1e9
	for _, c := range []struct {
		columns    int
		s          progress.Snapshot
		rate       float64
		want, lost string
	}{
		{50, progress.Snapshot{Done: 4.2 * gb, Total: 10.7 * gb, Kind: "downloading", Name: "model-00002-of-00005.safetensors"}, 34e6, "\r  39% |██░░░░|  4.2/10.7 GB 34.0 MB/s 3m11s", "downloading"},
		{50, progress.Snapshot{Done: 950e6, Total: 10.7 * gb, Kind: "uploading"}, 999.9e3, "   8% |░░░░░░|  950 MB/10.7 GB 999 kB/s 2h42m", "left"},
		{80, progress.Snapshot{Done: 4.2 * gb, Total: 10.7 * gb, Kind: "downloading", Name: "sub/model-00002-of-00005.safetensors", Others: 3}, 34e6, "4.2/10.7 GB, 34.0 MB/s, 3m11s left, downloa…ors and 3 more", "sub/"},
		{120, progress.Snapshot{Done: 4.2 * gb, Total: 10.7 * gb, Kind: "downloading", Name: "model-00002-of-00005.safetensors"}, 34e6, "3m11s left, downloading model-00002-of-00005.safetensors", "…"},
		{120, progress.Snapshot{Done: 1, Total: 10.7 * gb, Kind: "hashing", Name: "模型模型模型模型模型模型模型模型模型模型模型模型模型模型模型模型模型模型模型.bin"}, 0, "   0% |░", "0 B/s"},
		{20, progress.Snapshot{Done: 5, Total: 10, Kind: "hashing", Name: "x"}, 0, "  50% |", "hashing"},
		{80, progress.Snapshot{Done: 0, Total: 10, Kind: "hashing", Name: "x"}, 0, "   0% |░░░░░░░░░░|  0/10 B, hashing x", "left"},
	} {
		var shown strings.Builder
		b := bar{out: &shown, width: func() int { return c.columns }}
		b.draw(c.s, c.rate)
		if got := shown.String(); !strings.Contains(got, c.want) || strings.Contains(got, c.lost) {
			t.Errorf("%d columns: %q, want %q", c.columns, got, c.want)
		}
		if n := uniseg.StringWidth(strings.TrimRight(b.frame, " ")); n >= c.columns && c.columns > 30 {
			t.Errorf("%d columns: %q takes %d", c.columns, b.frame, n)
		}
	}
}

// Lines are printed above the bar, a terminal that became narrower is redrawn
// without stale parts, and the last frame stays.
func TestBarDrawsOverItself(t *testing.T) {
	var shown strings.Builder
	columns := 80
	b := bar{out: &shown, width: func() int { return columns }}
	b.Write([]byte("before\n"))
	s := progress.Snapshot{Done: 5, Total: 10, Kind: "hashing", Name: "x"}
	b.draw(s, 0)
	b.Write([]byte("above\n"))
	columns = 20
	b.draw(s, 0)
	b.end(progress.Snapshot{Done: 10, Total: 10}, "10 B in 1s")
	b.Write([]byte("behind\n"))
	const wide = "\r  50% |█████░░░░░|  5/10 B, hashing x"
	want := "before\n" + "\r\x1b[J" + wide + "\r\x1b[Jabove\n" + wide + "\r\x1b[1A\x1b[J" + "\r  50% |███░░░|  5/10 B" +
		"\r\x1b[1A\x1b[J" + "\r 100% |██████|  10 B in 1s\nbehind\n"
	if got := shown.String(); got != want {
		t.Errorf("%q\nwant\n%q", got, want)
	}
}

// Off a terminal there is a line every 30 s for work of over a minute, and one
// about what was there.
func TestProgressLines(t *testing.T) {
	var lines []string
	start := time.Unix(1000, 0)
	d := &Display{tally: &progress.Tally{}, started: start, nextLine: start.Add(quietFor)}
	d.show.Say = func(_ string, args ...any) { lines = append(lines, args[0].(string)) }
	m := d.tally.Start("downloading", "m.bin", 1000e6)
	m.Found(100e6)
	for at := range 131 {
		m.Add(2e6)
		d.look(start.Add(time.Duration(at) * time.Second))
	}
	want := []string{
		"100.0 MB", // of 1.0 GB were there already
		"22%, 222 MB/1.0 GB, 2.0 MB/s, 6m29s left, downloading m.bin",
		"28%, 282 MB/1.0 GB, 2.0 MB/s, 5m59s left, downloading m.bin",
		"34%, 342 MB/1.0 GB, 2.0 MB/s, 5m29s left, downloading m.bin",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
}
