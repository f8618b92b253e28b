package localhub

import (
	"container/list"
	"context"
	"sync"
)

// memo keeps what was made of immutable content, by a name that says what
// content it was: those used last, as much of them as fit. Each is made once,
// however many ask for it at a time. The zero value keeps nothing beyond that.
type memo[V any] struct {
	max int64 // the sum of sizes

	mu      sync.Mutex
	entries map[string]*memoEntry[V]
	order   list.List // of keys, the one used last in front
	size    int64
}

type memoEntry[V any] struct {
	made  chan struct{} // closed when the fields below are set
	value V
	err   error
	size  int64
	place *list.Element // nil while it is made
}

// get returns what was made for key, or lets create make it, which also says
// how much memory it takes. Who waits may give up; the work goes on, for those
// who come later. That it failed is kept like a value, unless the error is
func (m *memo[V]) get(ctx context.Context, key string, create func() (V, int64, error)) (V, error) {
	m.mu.Lock()
	e := m.entries[key]
	if e == nil {
		e = &memoEntry[V]{made: make(chan struct{})}
		if m.entries == nil {
			m.entries = map[string]*memoEntry[V]{}
		}
		m.entries[key] = e
		go func() {
			e.value, e.size, e.err = create()
			close(e.made)
			m.keep(key, e)
		}()
	} else if e.place != nil {
		m.order.MoveToFront(e.place)
	}
	m.mu.Unlock()
	select {
	case <-e.made:
		return e.value, e.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}

// keep counts an entry that was made, and drops the oldest ones.
func (m *memo[V]) keep(key string, e *memoEntry[V]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.size > m.max {
		delete(m.entries, key)
		return
	}
	e.size += int64(len(key)) + 200 // the entry itself
	e.place = m.order.PushFront(key)
	m.size += e.size
	for m.size > m.max {
		last := m.order.Remove(m.order.Back()).(string)
		m.size -= m.entries[last].size
		delete(m.entries, last)
	}
}
