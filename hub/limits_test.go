package hub

import (
	"context"
	"testing"
	"testing/synctest"
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

// way is what lies between a hub and here: how long its answers take to begin,
// how fast one connection is, and all of them together.
type way struct {
	wait       time.Duration
	conn, most float64 // bytes per second
}

// download lets l bring n bytes along the way, in the time that a synctest
// bubble makes up, and returns the most that was asked for at a time.
func (w way) download(l *limits, n int64) (inFlight int64) {
	for arrived := int64(0); n > 0; {
		size := l.rangeSize(n, arrived)
		conns := min(int64(l.conns), (n-1)/size+1)
		if l.quick != nil {
			conns = 1
		}
		size = min(size, n)
		if l.quick != nil && size > max(quickLeast, arrived/quickShare) {
			return size // too much, for what has arrived
		}
		if l.quick == nil {
			inFlight = max(inFlight, conns*size)
		}
		speed := min(w.conn, w.most/float64(conns))
		read := time.Duration(float64(size) / speed * float64(time.Second))
		for range conns {
			<-l.free
		}
		time.Sleep(w.wait + read)
		for range conns {
			l.end(measure{wait: w.wait, read: read, bytes: size})
			n -= size
			arrived += size
		}
	}
	return inFlight
}

const (
	ms    = time.Millisecond
	mbyte = 1e6
)

func TestLimitsLearnTheWay(t *testing.T) {
	for _, test := range []struct {
		name     string
		way      way
		conns    int
		least    time.Duration // that 2 GB take
		slower   float64       // at most so many times the least
		inFlight int64
	}{
		{"this machine", way{ms / 5, 1000 * mbyte, 1500 * mbyte}, 2, 1340 * ms, 1.6, 3 << 20},
		{"this machine, busy", way{30 * ms, 200 * mbyte, 300 * mbyte}, 8, 6700 * ms, 1.6, 128 << 20},
		{"this network", way{ms, 110 * mbyte, 110 * mbyte}, 8, 18200 * ms, 1.1, 4 << 20},
		{"far away", way{100 * ms, 30 * mbyte, 1000 * mbyte}, 8, 8300 * ms, 1.6, 128 << 20},
		{"far away on a thin line", way{100 * ms, 10 * mbyte, 10 * mbyte}, 8, 200 * time.Second, 1.3, 16 << 20},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLimits(8, false)
			began := time.Now()
			inFlight := test.way.download(l, 2e9)
			if took := time.Since(began); took < test.least/2 || float64(took) > test.slower*float64(test.least) {
				t.Errorf("%s: took %v, the way allows %v", test.name, took, test.least)
			}
			if n := connections(t, l); n != test.conns || inFlight > test.inFlight {
				t.Errorf("%s: %d connections, %d bytes at a time; want %d and %d", test.name, n, inFlight, test.conns, test.inFlight)
			}
		})
	}
}

// What failed or brought nothing teaches nothing; a limited rate is not a slow
// server.
func TestLimitsLearnFromWhatCame(t *testing.T) {
	for name, l := range map[string]*limits{"limited": newLimits(8, true), "failing": newLimits(8, false), "one connection": newLimits(1, false)} {
		for range 10 {
			<-l.free
			m := measure{wait: time.Second, read: time.Second, bytes: 1 << 20}
			if name == "failing" {
				m.bytes = 0
			}
			l.end(m)
		}
		if n := connections(t, l); n != min(2, l.most) {
			t.Errorf("%s: %d connections", name, n)
		}
	}
	if n := newLimits(8, false).rangeSize(1000, 0); n != 1000 {
		t.Errorf("a small file comes in ranges of %d", n)
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
