package cache

import (
	"encoding/hex"
	"hash"
	"io"
	"sync"
)

// frontierHash hashes a part in file order, right behind the bytes that have
// arrived without a gap: they are still in the page cache. Its state goes into
// the journal, so that a resumed download does not read again what it had.
type frontierHash struct {
	part  *Part
	hash  hash.Hash // nil: nothing to check
	at    int64     // bytes hashed
	saved int64     // bytes under the state in the journal

	wakeup chan struct{}
	quit   chan struct{}
	wg     sync.WaitGroup
}

// saveEvery is how many bytes are hashed between two states in the journal:
// the most that a resumed download reads again.
const saveEvery = 32 << 20

// newFrontierHash starts from the state that the journal proved. A state that
// this version of the hash can not read starts from 0.
func newFrontierHash(p *Part, newHash func() hash.Hash, prior progress) (*frontierHash, error) {
	h := &frontierHash{part: p, wakeup: make(chan struct{}, 1), quit: make(chan struct{})}
	if newHash == nil {
		return h, nil
	}
	h.hash = newHash()
	if m, ok := h.hash.(marshaler); ok && prior.state != nil {
		if err := m.UnmarshalBinary(prior.state); err != nil {
			h.hash = newHash()
		} else {
			h.at, h.saved = prior.hashed, prior.hashed
		}
	}
	return h, nil
}

func (h *frontierHash) start() {
	if h.hash == nil {
		return
	}
	h.wg.Go(func() {
		buf := make([]byte, 256<<10)
		for {
			select {
			case <-h.quit:
				return
			case <-h.wakeup:
			}
			if err := h.advance(buf); err != nil {
				h.part.fail(err)
				return
			}
		}
	})
}

// wake is called with the part's lock held, after bytes arrived.
func (h *frontierHash) wake() {
	select {
	case h.wakeup <- struct{}{}:
	default:
	}
}

// advance hashes up to the frontier, or until told to stop.
func (h *frontierHash) advance(buf []byte) error {
	for {
		h.part.mu.Lock()
		frontier := h.part.have.frontier()
		h.part.mu.Unlock()
		if h.at == frontier {
			return nil
		}
		for h.at < frontier {
			select {
			case <-h.quit:
				return nil
			default:
			}
			n := min(int64(len(buf)), frontier-h.at)
			if _, err := h.part.f.ReadAt(buf[:n], h.at); err != nil && err != io.EOF {
				return err
			}
			h.hash.Write(buf[:n])
			h.at += n
			if err := h.save(); err != nil {
				return err
			}
		}
	}
}

func (h *frontierHash) save() error {
	m, ok := h.hash.(marshaler)
	if !ok || h.at-h.saved < saveEvery {
		return nil
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	h.saved = h.at
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	return h.part.journal.append(recordHash, hashPayload(h.at, state))
}

// stop ends the goroutine; calling it again does nothing.
func (h *frontierHash) stop() {
	select {
	case <-h.quit:
	default:
		close(h.quit)
	}
	h.wg.Wait()
}

// sum hashes what is left and returns the hex sum of all, "" without a hash.
func (h *frontierHash) sum() (string, error) {
	h.stop()
	if h.hash == nil {
		return "", nil
	}
	h.quit = make(chan struct{})
	if err := h.advance(make([]byte, 1<<20)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.hash.Sum(nil)), nil
}
