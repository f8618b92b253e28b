package upload

import (
	"context"
	"sync"
	"time"

	"longcat/hub/xet/xorb"
)

// What is on its way when an upload is interrupted is lost, for a xorb counts
// only as a whole. So the first xorbs are small, later ones grow with what was
// sent before them, and on a slow line few are on their way at a time.
const (
	firstXorb   = 8 << 20
	xorbShare   = 16 // a xorb is at most this part of what was packed before it
	fewSenders  = 2
	quickSender = 4 * time.Second // a xorb that takes less is on no slow line
)

// growing is the limit of a xorb before which so many bytes were packed. It goes
// by the contents alone, so that an upload that is run again makes the same ones.
func growing(packed int64) int64 {
	return min(max(packed/xorbShare, firstXorb), xorb.MaxBytes)
}

// senders bound how many xorbs are packed and sent at a time.
type senders struct {
	free chan struct{}

	mu       sync.Mutex
	heldBack int // tokens that are not in use yet
}

func newSenders(most int) *senders {
	s := &senders{free: make(chan struct{}, most), heldBack: max(most-fewSenders, 0)}
	for range most - s.heldBack {
		s.free <- struct{}{}
	}
	return s
}

// begin waits for a token; false means that ctx ended first.
func (s *senders) begin(ctx context.Context) bool {
	select {
	case <-s.free:
		return true
	case <-ctx.Done():
		return false
	}
}

// end gives a token back, and adds one where a xorb went quickly.
func (s *senders) end(took time.Duration) {
	s.free <- struct{}{}
	s.mu.Lock()
	defer s.mu.Unlock()
	if took < quickSender && s.heldBack > 0 {
		s.heldBack--
		s.free <- struct{}{}
	}
}
