package cache

import (
	"fmt"
	"io"
)

// blockSize is how many bytes are written, journalled and hashed at once.
const blockSize = 1 << 20

// WriteError is a failure to store what arrived: the disk's, not the sender's.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return e.Err.Error() }
func (e *WriteError) Unwrap() error { return e.Err }

// WriteAt stores bytes that arrived, but not those that are there already. When
// it returns, they survive the process. Its errors are a *WriteError.
func (p *Part) WriteAt(b []byte, off int64) (int, error) {
	if err := p.inside(Extent{off, off + int64(len(b))}); err != nil {
		return 0, &WriteError{err}
	}
	if err := p.put(b, off, false, nil); err != nil {
		return 0, &WriteError{err}
	}
	return len(b), nil
}

// Receive takes the bytes of e as r gives them, and returns how many: also when
// r fails, all that came. They are written while more comes, and Missing and
// Finish wait for that. Its errors are r's own, or a *WriteError, which may be
// of bytes taken before. On a disk of this machine blocks are hashed from memory.
//
// Bytes that come fast go around the kernel's page cache where that is possible.
func (p *Part) Receive(r io.Reader, e Extent, fast bool) (int64, error) {
	if err := p.inside(e); err != nil {
		return 0, &WriteError{err}
	}
	at := e.Start
	for at < e.End {
		block := p.hash.block(at)
		n, rerr := io.ReadFull(r, block[:min(blockSize-at%blockSize, e.End-at)])
		if err := p.enqueue(block[:n], at, fast); err != nil {
			return at - e.Start, &WriteError{err}
		}
		at += int64(n)
		if rerr != nil {
			return at - e.Start, rerr
		}
	}
	return at - e.Start, nil
}

// queued is a block on its way to the disk.
type queued struct {
	block []byte
	at    int64
	fast  bool
}

// enqueue leaves a block to the writer, and tells whether earlier ones failed.
func (p *Part) enqueue(block []byte, at int64, fast bool) error {
	p.mu.Lock()
	err := p.failed
	if err == nil {
		p.unwritten++
	}
	p.mu.Unlock()
	if err != nil {
		freeBlock(block)
		return err
	}
	p.queue <- queued{block, at, fast}
	return nil
}

// writer writes what is received, while more comes. Its first failure ends the
// part.
func (p *Part) writer() {
	for q := range p.queue {
		err := p.put(q.block, q.at, q.fast, q.block)
		p.mu.Lock()
		if err != nil && p.failed == nil {
			p.failed = err
		}
		p.unwritten--
		p.changed.Broadcast()
		p.mu.Unlock()
	}
}

// flush waits until all that was received is written. The caller holds the lock.
func (p *Part) flush() {
	for p.unwritten > 0 {
		p.changed.Wait()
	}
}

func (p *Part) inside(e Extent) error {
	if e.Start < 0 || e.End < e.Start || e.End > p.content.Size {
		return fmt.Errorf("writing bytes %d to %d of a file of %d", e.Start, e.End, p.content.Size)
	}
	return nil
}

// put writes what the part misses of b. All writes pass here, one at a time: so
// a byte that is there is never written over, and what goes around the page
// cache never meets on a page what goes through it. A block, if b is one, is
// left to the hash where all of it was written, and freed otherwise.
func (p *Part) put(b []byte, off int64, fast bool, block []byte) error {
	p.writing.Lock()
	defer p.writing.Unlock()
	gaps := p.missingIn(Extent{off, off + int64(len(b))})
	if block != nil && (len(gaps) != 1 || gaps[0].Len() != int64(len(b))) {
		defer freeBlock(block)
		block = nil
	}
	to := p.slow
	if fast {
		to = p.fast
	}
	for _, gap := range gaps {
		if _, err := to.WriteAt(b[gap.Start-off:gap.End-off], gap.Start); err != nil {
			if block != nil {
				freeBlock(block)
			}
			return err
		}
		if err := p.record(gap, block); err != nil {
			return err
		}
	}
	return nil
}

// missingIn lists what of e has not been written.
func (p *Part) missingIn(e Extent) []Extent {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.have.missingIn(e)
}
