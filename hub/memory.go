package hub

import (
	"sync"

	"longcat/hub/cache"
)

// memorySink takes a small file, which comes in one range or from its start.
type memorySink struct {
	mu      sync.Mutex
	buf     []byte
	arrived int64
}

func (m *memorySink) WriteAt(b []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arrived = off + int64(len(b))
	return copy(m.buf[off:], b), nil
}

func (m *memorySink) Missing() []cache.Extent {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arrived == int64(len(m.buf)) {
		return nil
	}
	return []cache.Extent{{Start: m.arrived, End: int64(len(m.buf))}}
}
