// Package singlepass reads a source from front to back once and lets several
// readers take its bytes as they pass.
//
// A [Source] fetches blocks ahead of its readers, several at a time, and keeps a
// window of them in memory. The window moves on when every reader that is under
// way has what it wants of the first block, so that readers which go forward at
// the same time cost one fetch of each byte. It stays random access: what lies
// behind the window is fetched again, in smaller blocks.
package singlepass

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"
)

// Options of a Source. The zero value works.
type Options struct {
	Block  int64            // bytes of one fetch; 4 MiB when 0
	Window int              // blocks in memory at most; 8 when 0
	Fetch  int              // fetches at a time; 4 when 0
	Hash   func() hash.Hash // of the whole content, with Sum; not checked when nil
	Sum    []byte           // what Hash gives for the right content
	Read   func(n int64)    // hears of bytes that were fetched; may be nil
}

// HashError tells that a source's bytes are not those that were expected.
type HashError struct{ Want, Got []byte }

func (e *HashError) Error() string {
	return fmt.Sprintf("the content has the hash %x, not %x: it was changed or damaged on the way", e.Got, e.Want)
}

// Source is content that is read in one pass. Close ends it.
type Source struct {
	src io.ReaderAt
	o   Options

	size       int64
	blocks     int64 // in all
	smallBlock int64 // bytes that are fetched again at a time

	mu      sync.Mutex
	changed *sync.Cond
	data    map[int64][]byte // blocks that have arrived, by number
	first   int64            // the window's first block
	next    int64            // the block to be fetched next
	hashed  int64            // blocks that the hash has
	sum     hash.Hash        // nil when nothing is checked, or once it was
	hashing bool
	readers []*reader
	behind  []behind // the oldest first
	rest    bool     // Finish was called: blocks that nobody wants pass as well
	fetched int64    // bytes, those that were read again too
	err     error    // ends everything
	work    sync.WaitGroup
	stop    func() bool // of the watch on the context
}

// New begins a pass over src when the first reader reads. It ends with ctx.
func New(ctx context.Context, src *io.SectionReader, o Options) *Source {
	if o.Block <= 0 {
		o.Block = 4 << 20
	}
	if o.Window <= 0 {
		o.Window = 8
	}
	if o.Fetch <= 0 {
		o.Fetch = 4
	}
	s := &Source{src: src, o: o, size: src.Size(), data: map[int64][]byte{}}
	s.blocks = (s.size + o.Block - 1) / o.Block
	s.smallBlock = max(o.Block/8, 1)
	s.changed = sync.NewCond(&s.mu)
	if o.Hash != nil {
		s.sum = o.Hash()
	}
	s.stop = context.AfterFunc(ctx, func() { s.fail(context.Cause(ctx)) })
	for range o.Fetch {
		s.work.Go(s.fetchBlocks)
	}
	return s
}

// NewReader is a view of the content for somebody who wants its bytes from
// offset from to offset to, more or less in order. The pass waits for a reader
// that has begun until it is at its end.
func (s *Source) NewReader(from, to int64) *io.SectionReader {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &reader{s: s, at: from, end: min(to, s.size)}
	s.readers = append(s.readers, r)
	return io.NewSectionReader(r, 0, s.size)
}

// Fetched is how many bytes were read from the source so far.
func (s *Source) Fetched() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetched
}

// Finish fetches what no reader wanted, and returns once the whole content has
// passed and is right. No reader may be under way.
func (s *Source) Finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = true
	for _, r := range s.readers {
		r.at = r.end
	}
	s.advance()
	s.changed.Broadcast()
	for s.err == nil && s.hashed < s.blocks {
		s.changed.Wait()
	}
	return s.err
}

// errClosed is what readers get after Close.
var errClosed = errors.New("singlepass: the source is closed")

// Close ends the pass and its fetches.
func (s *Source) Close() error {
	s.stop()
	s.fail(errClosed)
	s.work.Wait()
	return nil
}

// fail ends everything with an error, unless another one did before.
func (s *Source) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	s.changed.Broadcast()
}

// fetchBlocks fetches one block after the other, as far as the window goes.
func (s *Source) fetchBlocks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for s.err == nil && !s.wanted() {
			s.changed.Wait()
		}
		if s.err != nil {
			return
		}
		i := s.next
		s.next++
		s.mu.Unlock()
		b, err := s.read(i*s.o.Block, min(s.o.Block, s.size-i*s.o.Block))
		s.mu.Lock()
		switch {
		case err != nil && s.err == nil:
			s.err = err
		case s.err == nil:
			s.data[i] = b
			s.hashArrived()
			s.advance()
		}
		s.changed.Broadcast()
	}
}

// wanted tells whether the next block has room in the window, and the pass has
// begun.
func (s *Source) wanted() bool {
	begun := s.rest || slices.ContainsFunc(s.readers, func(r *reader) bool { return r.begun })
	return begun && s.next < s.blocks && s.next < s.first+int64(s.o.Window)
}

// read fetches bytes from the source itself.
func (s *Source) read(at, n int64) ([]byte, error) {
	b := make([]byte, n)
	k, err := s.src.ReadAt(b, at)
	if int64(k) < n {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	s.mu.Lock()
	s.fetched += n
	s.mu.Unlock()
	if s.o.Read != nil {
		s.o.Read(n)
	}
	return b, nil
}

// hashArrived takes blocks into the hash, in order, one goroutine at a time.
func (s *Source) hashArrived() {
	if s.hashing {
		return
	}
	s.hashing = true
	for b := s.data[s.hashed]; b != nil && s.err == nil; b = s.data[s.hashed] {
		if s.sum != nil {
			s.mu.Unlock()
			s.sum.Write(b)
			s.mu.Lock()
		}
		if s.hashed++; s.hashed == s.blocks && s.sum != nil {
			got := s.sum.Sum(nil)
			s.sum = nil
			if !bytes.Equal(got, s.o.Sum) && s.err == nil {
				s.err = &HashError{Want: s.o.Sum, Got: got}
			}
		}
		s.changed.Broadcast()
	}
	s.hashing = false
}

// advance drops the blocks that every reader has passed. A reader that has not
// begun holds them too, until others wait for blocks that have no room.
func (s *Source) advance() {
	for s.data[s.first] != nil && s.first < s.hashed && s.passed(s.first) {
		delete(s.data, s.first)
		s.first++
		s.changed.Broadcast()
	}
}

func (s *Source) passed(block int64) bool {
	end := min((block+1)*s.o.Block, s.size)
	late, waiting := false, false
	for _, r := range s.readers {
		wants := r.at < min(end, r.end)
		switch {
		case wants && r.begun:
			return false
		case wants:
			late = true
		}
		waiting = waiting || r.waitsFor >= s.first+int64(s.o.Window)
	}
	return waiting || !late
}

// reader is one reader's place in the pass.
type reader struct {
	s        *Source
	at, end  int64 // what is before at, or from end on, is not wanted any more
	begun    bool  // it has read
	waitsFor int64 // the block that it waits for; 0 when it does not
}

// ReadAt implements io.ReaderAt.
func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("singlepass: negative offset")
	}
	done := 0
	for done < len(p) && off+int64(done) < r.s.size {
		n, err := r.s.take(r, p[done:], off+int64(done))
		done += n
		if err != nil {
			return done, err
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// take copies bytes of one block, and waits for it where it is still to come.
func (s *Source) take(r *reader, p []byte, off int64) (int, error) {
	block := off / s.o.Block
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.begun {
		r.begun = true
		s.changed.Broadcast()
	}
	r.at = max(r.at, off)
	r.waitsFor = block
	for s.err == nil && block >= s.first && !s.ready(block) {
		s.advance()
		if block < s.first || s.ready(block) {
			break
		}
		s.changed.Wait()
	}
	r.waitsFor = 0
	if s.err != nil {
		return 0, s.err
	}
	n, err := 0, error(nil)
	if block < s.first {
		n, err = s.again(p, off)
	} else {
		n = copy(p, s.data[block][off-block*s.o.Block:])
	}
	r.at = max(r.at, off+int64(n))
	s.advance()
	return n, err
}

// ready tells whether a block may be given out. The last one is only once the
// whole content is known to be right.
func (s *Source) ready(block int64) bool {
	return s.data[block] != nil && (block < s.blocks-1 || s.hashed == s.blocks)
}

// again reads bytes that have passed.
func (s *Source) again(p []byte, off int64) (int, error) {
	block := off / s.smallBlock
	i := slices.IndexFunc(s.behind, func(b behind) bool { return b.block == block })
	if i < 0 {
		s.mu.Unlock()
		data, err := s.read(block*s.smallBlock, min(s.smallBlock, s.size-block*s.smallBlock))
		s.mu.Lock()
		if err != nil {
			return 0, err
		}
		if len(s.behind) == keepBehind {
			s.behind = s.behind[1:]
		}
		s.behind = append(s.behind, behind{block, data})
		i = len(s.behind) - 1
	}
	return copy(p, s.behind[i].data[off-block*s.smallBlock:]), nil
}

// behind is a block behind the window that was fetched again.
type behind struct {
	block int64
	data  []byte
}

// keepBehind is how many of them are kept.
const keepBehind = 16
