package hub

import (
	"context"
	"testing"
	"time"
)

// connections counts how many may be used at a time.
func connections(t *testing.T, l *limits) (n int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for {
		select {
		case <-l.free:
			n++
			continue
		default:
		}
		break
	}
	if l.begin(ctx) == nil {
		t.Error("one more connection than there are")
	}
	for range n {
		l.free <- struct{}{}
	}
	return n
}

// use lets one connection bring n bytes.
func use(t *testing.T, l *limits, n int64, wait, read time.Duration) {
	t.Helper()
	if err := l.begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.end(measure{wait: wait, read: read, bytes: n})
}

func TestLimitsLearnTheDistance(t *testing.T) {
	const ms, gib = time.Millisecond, 1 << 30
	for _, test := range []struct {
		name       string
		wait, read time.Duration // of each MiB
		conns      int
		size       int64
	}{
		{"this machine", ms / 5, ms, 2, 2 << 20},
		{"a slow machine near by", ms / 5, 40 * ms, 8, 512 << 10},
		{"far away", 80 * ms, 20 * ms, 8, 16 << 20},
	} {
		l := newLimits(8, 0)
		if n := connections(t, l); n != 2 || l.rangeSize(gib) != 2<<20 {
			t.Errorf("%s: begins with %d connections for %d bytes each", test.name, n, l.rangeSize(gib))
		}
		for range 10 {
			use(t, l, 1<<20, test.wait, test.read)
		}
		if n := connections(t, l); n != test.conns || l.rangeSize(gib) != test.size {
			t.Errorf("%s: %d connections for %d bytes each, want %d and %d", test.name, n, l.rangeSize(gib), test.conns, test.size)
		}
	}
}

// One quick answer among slow ones shows that the hub is near: a busy machine
// is no distance.
func TestLimitsOfABusyMachine(t *testing.T) {
	l := newLimits(8, 0)
	for i := range 20 {
		wait := 50 * time.Millisecond
		if i == 2 {
			wait = time.Millisecond
		}
		use(t, l, 8<<20, wait, 50*time.Millisecond)
	}
	if n := connections(t, l); n != 2 {
		t.Errorf("%d connections", n)
	}
}

// What failed or brought nothing teaches nothing; a limited rate is not a slow
// server.
func TestLimitsLearnFromWhatCame(t *testing.T) {
	l := newLimits(8, 0)
	for range 10 {
		use(t, l, 0, time.Second, time.Second)
	}
	if n := connections(t, l); n != 2 {
		t.Errorf("after failures: %d connections", n)
	}
	l = newLimits(8, 1<<20)
	for range 10 {
		use(t, l, 1<<20, time.Millisecond, time.Second)
	}
	if n := connections(t, l); n != 2 {
		t.Errorf("with a limited rate: %d connections", n)
	}
}

func TestLimitsOfOneConnection(t *testing.T) {
	l := newLimits(1, 0)
	for range 10 {
		use(t, l, 1<<20, 80*time.Millisecond, time.Second)
	}
	if n := connections(t, l); n != 1 || l.rangeSize(1<<30) != farRange || l.rangeSize(1_000) != 1_000 {
		t.Errorf("%d connections, %d bytes", n, l.rangeSize(1<<30))
	}
}

func TestParseContentRange(t *testing.T) {
	for s, want := range map[string][3]int64{
		"bytes 0-99/200": {0, 100, 200}, "bytes 5-5/6": {5, 6, 6}, "bytes 0-99/*": {0, 100, -1},
	} {
		if a, b, n, ok := parseContentRange(s); !ok || [3]int64{a, b, n} != want {
			t.Errorf("%q: %d %d %d %v", s, a, b, n, ok)
		}
	}
	for _, s := range []string{
		"", "bytes", "bytes */5", "bytes 0-5/5", "bytes 5-4/9", "bytes -1-4/9", "bytes 0-4/-9", "items 0-4/9", "bytes 0-4",
		"bytes 0-9223372036854775807/9223372036854775807", "bytes 0-9223372036854775807/*", "bytes 0-99999999999999999999/*", "bytes a-b/c",
	} {
		if _, _, _, ok := parseContentRange(s); ok {
			t.Errorf("%q was accepted", s)
		}
	}
}
