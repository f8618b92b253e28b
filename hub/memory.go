package hub

import (
	"io"
	"sync"

	"longcat/hub/cache"
)

// memorySink takes a small file, which comes in one range or from its start.
type memorySink struct {
	mu      sync.Mutex
	buf     []byte
	arrived int64
}

// Receive implements sink.
func (m *memorySink) Receive(r io.Reader, e cache.Extent, _ bool) (int64, error) {
	n, err := io.ReadFull(r, m.buf[e.Start:e.End])
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arrived = e.Start + int64(n)
	return int64(n), err
}

// Missing implements sink.
func (m *memorySink) Missing() []cache.Extent {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arrived == int64(len(m.buf)) {
		return nil
	}
	return []cache.Extent{{Start: m.arrived, End: int64(len(m.buf))}}
}
