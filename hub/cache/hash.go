package cache

import (
	"encoding"
	"encoding/hex"
	"hash"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// frontierHash hashes a part in file order, right behind the bytes that have
// arrived without a gap. Blocks come from [Part.Receive] in any order and are
// kept until it is their turn; what is not kept is read from the file. The
// state goes into the journal, so that a resumed download does not read again
// what it had.
type frontierHash struct {
	part *Part
	hash hash.Hash // nil: nothing to check

	// Guarded by the part's lock:

	at      int64            // bytes hashed
	saved   int64            // bytes under the state in the journal
	kept    map[int64][]byte // blocks that wait, by their place in the file
	asking  map[int64]bool   // places in the file for which a block is wanted
	hashing bool             // a block that was kept
	stopped bool             // there will be no more hashing
	ended   bool             // the goroutine is gone
}

const (
	// saveEvery is how many bytes are hashed between two states in the journal:
	// the most that a resumed download reads again.
	saveEvery = 32 << 20

	// So many blocks are kept before the bytes that arrive wait for the hash,
	// and so many when the hash waits for them: of all parts that are open
	// together, but two of each at least. With the blocks that are received and
	// written that bounds the memory.
	enoughKept = 4
	mostKept   = 8
)

// openParts are those that share the memory.
var openParts atomic.Int64

// share is the part of n blocks that one of them has.
func share(n int64) int { return int(max(n/max(openParts.Load(), 1), 2)) }

// blocks are those of all parts that hold nothing.
var blocks = sync.Pool{New: func() any { return new([blockSize]byte) }}

func newBlock() []byte { return blocks.Get().(*[blockSize]byte)[:] }

// freeBlock takes back what newBlock gave, or the start of it.
func freeBlock(b []byte) { blocks.Put((*[blockSize]byte)(b[:blockSize])) }

// marshaler is what the hashes of the standard library offer beside hash.Hash.
type marshaler interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// newFrontierHash starts from the state that the journal proved. A state that
// this version of the hash can not read starts from 0.
func newFrontierHash(p *Part, newHash func() hash.Hash, prior progress) *frontierHash {
	h := &frontierHash{part: p, kept: map[int64][]byte{}, asking: map[int64]bool{}}
	if newHash == nil {
		return h
	}
	h.hash = newHash()
	if m, ok := h.hash.(marshaler); ok && prior.state != nil {
		if err := m.UnmarshalBinary(prior.state); err != nil {
			h.hash = newHash()
		} else {
			h.at, h.saved = prior.hashed, prior.hashed
		}
	}
	return h
}

func (h *frontierHash) start() {
	if h.hash == nil {
		h.ended = true
		return
	}
	h.part.background.Go(func() {
		err := h.run()
		h.part.mu.Lock()
		defer h.part.mu.Unlock()
		if err != nil && h.part.failed == nil {
			h.part.failed = err
		}
		h.stopped, h.ended = true, true
		h.part.changed.Broadcast()
	})
}

// run hashes up to the end of the file, or until it is told to stop.
func (h *frontierHash) run() error {
	var buf []byte
	for {
		block, n, ok := h.next()
		if !ok {
			return nil
		}
		b := block
		if block == nil {
			if buf == nil {
				buf = make([]byte, blockSize)
			}
			b = buf[:n]
			if _, err := h.part.f.ReadAt(b, h.at); err != nil && err != io.EOF {
				return err
			}
		}
		h.hash.Write(b)
		if err := h.hashed(b, block); err != nil {
			return err
		}
	}
}

// next waits for what is to be hashed: a block that was kept, or the number of
// bytes to be read from the file.
func (h *frontierHash) next() (block []byte, n int64, ok bool) {
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	for !h.stopped && h.at < h.part.content.Size {
		if block := h.kept[h.at]; block != nil {
			delete(h.kept, h.at)
			h.hashing = true
			return block, 0, true
		}
		if end := h.readable(); end > h.at {
			return nil, end - h.at, true
		}
		h.part.changed.Wait()
	}
	return nil, 0, false
}

// readable is how far the file may be read: to the frontier, to a block that is
// kept, or as far as one buffer goes.
func (h *frontierHash) readable() int64 {
	end := min(h.part.have.frontier(), h.at+blockSize)
	for at := range h.kept {
		if at > h.at {
			end = min(end, at)
		}
	}
	return end
}

// hashed moves on behind b, which was block if that was kept.
func (h *frontierHash) hashed(b, block []byte) error {
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	h.at += int64(len(b))
	h.hashing = false
	if block != nil {
		freeBlock(block)
	}
	h.part.changed.Broadcast()
	m, ok := h.hash.(marshaler)
	if !ok || h.at-h.saved < saveEvery {
		return nil
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	h.saved = h.at
	return h.part.journal.append(recordHash, hashPayload(h.at, state))
}

// block gives memory for what arrives at off. While the hash is at work on what
// was kept this waits for it, so that memory stays bounded; where several wait,
// the first is the one whose bytes the hash needs first.
func (h *frontierHash) block(off int64) []byte {
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	h.asking[off] = true
	for {
		if h.first(off) {
			if block := h.take(); block != nil {
				delete(h.asking, off)
				h.part.changed.Broadcast() // it is another one's turn
				return block
			}
		}
		h.part.changed.Wait()
	}
}

// first tells whether nobody asks for memory for earlier bytes.
func (h *frontierHash) first(off int64) bool {
	for other := range h.asking {
		if other < off {
			return false
		}
	}
	return true
}

// take finds a block, or nil if the hash will soon give one back. If it waits
// for bytes itself, the block that it needs last is taken from it.
func (h *frontierHash) take() []byte {
	busy := !h.stopped && (h.hashing || h.kept[h.at] != nil)
	switch {
	case len(h.kept) < share(enoughKept) || (!busy && len(h.kept) < share(mostKept)):
		return newBlock()
	case busy:
		return nil
	}
	last := slices.Max(slices.Collect(maps.Keys(h.kept)))
	block := h.kept[last]
	delete(h.kept, last)
	return block[:blockSize]
}

// arrived is told of bytes that the file and the journal have. A block of them
// is the hash's then, and kept where nobody else can have written to the file.
// The caller holds the part's lock.
func (h *frontierHash) arrived(e Extent, block []byte) {
	switch {
	case block == nil:
	case h.hash == nil, e.Start < h.at, !h.part.local:
		freeBlock(block)
	default:
		h.kept[e.Start] = block
	}
	h.part.changed.Broadcast()
}

// stop ends the goroutine; calling it again does nothing.
func (h *frontierHash) stop() {
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	h.stopped = true
	h.part.changed.Broadcast()
	h.wait()
}

// wait waits for the end of the goroutine. The caller holds the part's lock.
func (h *frontierHash) wait() {
	for !h.ended {
		h.part.changed.Wait()
	}
}

// sum waits until all is hashed and returns the hex sum, "" without a hash. All
// bytes must have arrived.
func (h *frontierHash) sum() string {
	if h.hash == nil {
		return ""
	}
	h.part.mu.Lock()
	defer h.part.mu.Unlock()
	h.wait()
	return hex.EncodeToString(h.hash.Sum(nil))
}
