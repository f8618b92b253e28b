package hub

import (
	"context"
	"sync"
	"time"
)

// limits are the concurrency of a download: how many ranges all its transfers may
// ask for at a time, and how large.
//
// What is asked for and not yet written is lost when the process dies: it was
// sent for nothing, and is sent again. So as little as possible is asked for
// at a time, the window: two connections, and ranges of 1.5 MiB. That is
// enough on this machine and in this network. Where connections are slow, more
// of them share the same window; and where the hub is far away, the window
// doubles as long as that makes the download faster.
//
// A hub that is near and quick fills one connection. There each file has but one,
// and its ranges grow with what has arrived since the process began: what a kill
// can cost stays a small part of what the process has brought.
type limits struct {
	most  int  // connections
	paced bool // the client's rate is limited: nothing can be learned from it

	free chan struct{} // one token for each further connection that may begin

	mu      sync.Mutex
	conns   int           // tokens, free and taken
	window  int64         // bytes that all of them ask for
	settled bool          // the window is as large as it should be
	near    bool          // an answer began as soon as only one of this machine or network can
	quick   chan struct{} // not nil: and one connection is as good as several; closed when that ends
	speed   float64
	epoch   epoch
}

// epoch is a stretch of time over which the speed is measured.
type epoch struct {
	began time.Time
	bytes int64
}

const (
	leastConns  = 2 // one is read while the other's answer begins
	leastWindow = 3 << 20
	leastRange  = 512 << 10
	mostRange   = 16 << 20
	quickLeast  = 2 << 20
	quickRange  = 64 << 20
	quickShare  = 32 // the part of what has arrived that is asked for at a time

	nearHub   = 2 * time.Millisecond
	slowConn  = 64 << 20  // bytes per second: below, another connection may help
	quickConn = 400 << 20 // above, bytes come about as fast as they are hashed and written
	faster    = 1.15      // by how much a doubled window must be faster
)

func newLimits(conns int, paced bool) *limits {
	l := &limits{most: conns, paced: paced, window: leastWindow, free: make(chan struct{}, conns)}
	l.allow(min(conns, leastConns))
	return l
}

// begin waits until one more connection may be used; end gives it back.
func (l *limits) begin(ctx context.Context) error {
	select {
	case <-l.free:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// measure is what one range cost: how long its answer took to begin, and to
// come, without the time that the disk took.
type measure struct {
	wait, read time.Duration
	bytes      int64
}

// end gives a connection back, and learns from what it was used for. Where
// the rate is limited, and from small files, nothing can be learned.
func (l *limits) end(m measure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free <- struct{}{}
	l.near = l.near || (m.bytes > 0 && m.wait < nearHub)
	if l.paced || m.bytes < leastRange {
		return
	}
	took := (m.wait + m.read).Seconds()
	slow := float64(m.bytes) < slowConn*took
	l.setQuick(l.near && float64(m.bytes) >= quickConn*took)
	if slow {
		l.allow(min(2*l.conns, l.most))
	}
	if !l.settled {
		l.learn(m, time.Now())
	}
}

// allow lets so many connections in.
func (l *limits) allow(conns int) {
	for ; l.conns < conns; l.conns++ {
		l.free <- struct{}{}
	}
}

// learn sets the window by what it brought.
func (l *limits) learn(m measure, now time.Time) {
	e := &l.epoch
	if e.began.IsZero() {
		e.began = now.Add(-m.wait - m.read)
	}
	if e.bytes += m.bytes; e.bytes < 2*l.window {
		return
	}
	speed := float64(e.bytes) / now.Sub(e.began).Seconds()
	switch {
	case l.speed > 0 && speed < faster*l.speed:
		l.window, l.settled = l.window/2, true
	case l.near || l.window >= int64(l.most)*mostRange:
		l.settled = true
	default:
		l.window, l.speed = 2*l.window, speed
	}
	l.epoch = epoch{began: now}
}

// rangeSize is how much to ask for next, of a file of which so much is left and
// so much has arrived. A small file comes in one range.
func (l *limits) rangeSize(left, arrived int64) int64 {
	if left <= resumable {
		return left
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.quick != nil {
		return min(max(quickLeast, arrived/quickShare), quickRange)
	}
	return min(max(l.window/int64(l.conns), leastRange), mostRange)
}

// isNear tells whether the hub has shown to be near.
func (l *limits) isNear() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.near
}

// setQuick notes whether one connection a file is enough. The caller holds mu.
func (l *limits) setQuick(quick bool) {
	switch {
	case quick && l.quick == nil:
		l.quick = make(chan struct{})
	case !quick && l.quick != nil:
		close(l.quick)
		l.quick = nil
	}
}

// quickUntil is nil, or while one connection a file is enough, closed when that
// ends.
func (l *limits) quickUntil() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.quick
}
