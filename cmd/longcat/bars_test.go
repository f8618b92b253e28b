package main

import (
	"bytes"
	"testing"
	"time"
)

// What is cut short leaves no bar that the end would wait for.
func TestBarsEnd(t *testing.T) {
	var shown bytes.Buffer
	a := &app{terminal: true, err: &shown, lookup: func(string) (string, bool) { return "", false }}
	for _, started := range []int{0, 1, 3} {
		progress, done := a.bars("merge", 100)
		for range started {
			progress.Start("merge", "model.safetensors", 2<<20).Add(5)
		}
		done()
	}
	a.tell("after")
	if !bytes.HasSuffix(shown.Bytes(), []byte("after\n")) {
		t.Errorf("shown: %q", shown.String())
	}
}

// The pace is that of the last seconds, what was there at the start does not
// count, and at the end it is the average.
func TestPace(t *testing.T) {
	var p pace
	now := time.Unix(0, 0)
	steps := []struct {
		after time.Duration
		done  int64
		ended bool
		want  float64
	}{
		{0, 1000, false, 0}, // arrived before
		{time.Second, 1100, false, 100},
		{9 * time.Second, 2000, false, 100},
		{time.Second, 2000, false, 0}, // a stall
		{4 * time.Second, 2400, false, 80},
		{0, 2400, true, 1400.0 / 15},
	}
	for i, s := range steps {
		now = now.Add(s.after)
		if p.look(now, s.done, s.ended); p.rate != s.want {
			t.Errorf("step %d: %v bytes per second, want %v", i, p.rate, s.want)
		}
	}
}
