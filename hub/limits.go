package hub

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// limits say how many ranges all transfers of one download may ask for at a
// time, how large, and how fast they may read them.
//
// What is asked for and not yet written is lost when the process dies: it was
// sent for nothing, and is sent again. Far from the hub that can not be
// helped: one connection does not fill the way, and waiting for an answer to
// begin takes long, so there are many connections and large ranges. Near it
// (this machine, this network) a few small ranges fill the way as well, and
// the loss stays below nearWindow.
type limits struct {
	most int           // connections
	rate *rate.Limiter // nil: as fast as it goes

	free chan struct{} // one token for each further connection that may begin

	mu      sync.Mutex
	conns   int           // tokens, free and taken
	answers int           // that were measured
	nearest time.Duration // shortest wait for one of them to begin
}

const (
	nearHub    = 10 * time.Millisecond // waits below this are near
	nearConns  = 2                     // one is read while the other's answer begins
	nearWindow = 4 << 20               // bytes asked for at a time, near
	farRange   = 16 << 20              // bytes of one range, far
	leastRange = 512 << 10
	slowConn   = 64 << 20 // bytes per second: below, another connection may help even near

	// enoughAnswers is how many must agree on "far": the first ones may have
	// waited for a busy machine or a handshake.
	enoughAnswers = 4
)

func newLimits(conns int, bytesPerSecond int64) *limits {
	l := &limits{most: conns, conns: min(conns, nearConns), free: make(chan struct{}, conns)}
	for range l.conns {
		l.free <- struct{}{}
	}
	if bytesPerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(min(bytesPerSecond/8, blockSize), 1)))
	}
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

// rangeSize is how much to ask for next, of a file of which left bytes are not
// asked for yet. A small file comes in one range.
func (l *limits) rangeSize(left int64) int64 {
	if left <= resumable {
		return left
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	size := int64(max(nearWindow/l.conns, leastRange))
	if l.far() {
		size = max(size, min(farRange, left/int64(l.most)))
	}
	return size
}

func (l *limits) far() bool { return l.answers >= enoughAnswers && l.nearest >= nearHub }

// measure is what one range cost: how long its answer took to begin, and to
// come, without the time that the disk took.
type measure struct {
	wait, read time.Duration
	bytes      int64
}

// end gives a connection back, and learns from what it was used for how many
// there should be.
func (l *limits) end(m measure) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.bytes > 0 {
		if l.answers++; l.answers == 1 || m.wait < l.nearest {
			l.nearest = m.wait
		}
		slow := float64(m.bytes) < slowConn*(m.wait+m.read).Seconds()
		switch {
		case l.far():
			l.grow(l.most)
		case slow && m.bytes >= leastRange && l.rate == nil:
			l.grow(min(2*l.conns, l.most))
		}
	}
	l.free <- struct{}{}
}

// grow lets so many connections in. The caller's own token is not in free.
func (l *limits) grow(conns int) {
	for ; l.conns < conns; l.conns++ {
		l.free <- struct{}{}
	}
}

// pass waits until n more bytes may be read.
func (l *limits) pass(ctx context.Context, n int) error {
	if l.rate == nil {
		return nil
	}
	for n > 0 {
		step := min(n, l.rate.Burst())
		if err := l.rate.WaitN(ctx, step); err != nil {
			return err
		}
		n -= step
	}
	return nil
}
