package cache

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// blockSize is how many bytes are written, journalled and hashed at once.
const blockSize = 1 << 20

// WriteError is a failure to store what arrived: the disk's, not the sender's.
type WriteError struct{ Err error }

func (e *WriteError) Error() string { return e.Err.Error() }
func (e *WriteError) Unwrap() error { return e.Err }

// WriteAt stores bytes that arrived. When it returns, they survive the process.
// Its errors are a *WriteError.
func (p *Part) WriteAt(b []byte, off int64) (int, error) {
	if err := p.inside(Extent{off, off + int64(len(b))}); err != nil {
		return 0, &WriteError{err}
	}
	n, err := p.write(b, off)
	if n > 0 {
		if rerr := p.record(Extent{off, off + int64(n)}, nil); err == nil {
			err = rerr
		}
	}
	if err != nil {
		return n, &WriteError{err}
	}
	return n, nil
}

// Receive takes the bytes of e as r gives them, and returns how many: also when
// r fails, all that came. They are written while more comes, and Missing and
// Finish wait for that. Its errors are r's own, or a *WriteError, which may be
// of bytes taken before. On a disk of this machine blocks are hashed from memory.
//
// Bytes that come fast go around the kernel's page cache where the disk allows
// it: there, to copy them and to write them back later takes longer than they
// took to come. Other bytes stay in the cache for whoever reads them next.
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
		err := p.put(q.block, q.at, q.fast)
		p.mu.Lock()
		if err != nil && p.failed == nil {
			p.failed = err
		}
		p.unwritten--
		p.hash.changed.Broadcast()
		p.mu.Unlock()
	}
}

// flush waits until all that was received is written. The caller holds the lock.
func (p *Part) flush() {
	for p.unwritten > 0 {
		p.hash.changed.Wait()
	}
}

func (p *Part) inside(e Extent) error {
	if e.Start < 0 || e.End < e.Start || e.End > p.content.Size {
		return fmt.Errorf("writing bytes %d to %d of a file of %d", e.Start, e.End, p.content.Size)
	}
	return nil
}

// put writes a block and leaves it to the hash.
func (p *Part) put(block []byte, off int64, fast bool) error {
	if len(block) == 0 {
		freeBlock(block)
		return nil
	}
	past := 0 // the page cache
	var err error
	if fast {
		past, err = p.writeDirect(block, off)
	}
	if err == nil && past < len(block) {
		_, err = p.write(block[past:], off+int64(past))
	}
	if err != nil {
		freeBlock(block)
		return err
	}
	return p.record(Extent{off, off + int64(len(block))}, block)
}

// write stores bytes by way of the page cache. The kernel lets one such write
// to a file at a time, too, but spins; and what goes around the cache must not
// meet it on a page.
func (p *Part) write(b []byte, off int64) (int, error) {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.f.WriteAt(b, off)
}

// directUnit is the size of which addresses, offsets and lengths are multiples
// around the page cache: that of the largest sectors that disks have.
const directUnit = 4096

// writeDirect writes the whole units that b begins with, if off is at the start
// of one, and returns how many bytes that is. A disk or filesystem that refuses
// is not asked again.
func (p *Part) writeDirect(b []byte, off int64) (int, error) {
	n := len(b) - len(b)%directUnit
	if off%directUnit != 0 || n == 0 || p.direct == nil || p.refused.Load() {
		return 0, nil
	}
	p.writing.RLock()
	defer p.writing.RUnlock()
	n, err := p.direct.WriteAt(b[:n], off)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		p.refused.Store(true)
		return 0, nil
	}
	return n, err
}
