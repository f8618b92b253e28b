package progress

import (
	"testing"
	"time"
)

func TestTally(t *testing.T) {
	var tally Tally
	var p Progress = &tally
	want := func(s Snapshot) {
		t.Helper()
		if got := tally.Snapshot(); got != s {
			t.Errorf("%+v, want %+v", got, s)
		}
	}
	want(Snapshot{})
	p.Expect("downloading", 100)
	p.Expect("uploading", 50)
	want(Snapshot{Total: 150})
	a := p.Start("downloading", "a", 60)
	b := p.Start("downloading", "b", 60) // more than expected
	a.Found(10)
	a.Add(5)
	a.Add(-2)
	want(Snapshot{Done: 13, Found: 10, Total: 170, Kind: "downloading", Name: "a", Others: 1})
	a.Done()
	a.Done()
	b.Add(60)
	b.Done()
	want(Snapshot{Done: 73, Found: 10, Total: 170, Kind: "downloading", Name: "b"})
	p.Start("hashing", "c", 7).Add(107)
	want(Snapshot{Done: 180, Found: 10, Total: 180, Kind: "hashing", Name: "c"})

	Expect(nil, "x", 1)
	m := Start(nil, "x", "y", 1)
	m.Add(1)
	m.Found(1)
	m.Done()
}

// The pace is that of the last seconds, and unknown at first.
func TestPace(t *testing.T) {
	var p Pace
	now := time.Unix(0, 0)
	for i, s := range []struct {
		after time.Duration
		moved int64
		want  float64
	}{
		{0, 1000, 0},
		{time.Second, 9000, 0}, // too soon
		{time.Second, 1200, 100},
		{9 * time.Second, 2100, 100}, // over the last 9 s: no look is within five
		{time.Second, 2100, 90},
		{4 * time.Second, 2500, 80},
		{9 * time.Second, 2500, 0}, // a stall
		{time.Second, 2400, 0},     // to be done again
	} {
		now = now.Add(s.after)
		if got := p.Rate(now, s.moved); got != s.want {
			t.Errorf("step %d: %v bytes per second, want %v", i, got, s.want)
		}
	}
}
