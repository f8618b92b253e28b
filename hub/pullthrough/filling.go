package pullthrough

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/localhub/store"
)

const (
	blockSize   = 4 << 20 // what is fetched by one request
	connections = 4       // at a time, for one file
)

// filling is a large file that is being fetched from the upstream: a temporary
// file of which some blocks are there. Readers follow it; what they wait for comes
// first. The blocks are hashed in their order as they come.
type filling struct {
	size   int64
	final  string                   // where the file is once it is whole
	create func() (*os.File, error) // makes the temporary file
	start  func()                   // begins to fetch what is missing

	mu      sync.Mutex
	file    *os.File // nil until somebody reads
	blocks  []blockState
	readers map[*reader]int // the block that each waits for, or waited for last
	running bool
	whole   bool          // all is there, and the hash is right
	dropped bool          // the file was removed because of err
	ended   time.Time     // when the fetching failed last
	err     error         // why fetching ended; a new read tries again
	changed chan struct{} // closed, and replaced, when something above changes
}

type blockState byte

const (
	absent blockState = iota
	coming
	present
)

// HashError means that the hash of a file is not the one in the list of files.
type HashError struct{ Want, Got string }

func (e *HashError) Error() string {
	return fmt.Sprintf("its sha256 is %s, not %s as the list of files says", e.Got, e.Want)
}

func newFilling(size int64) *filling {
	return &filling{
		size: size, blocks: make([]blockState, (size+blockSize-1)/blockSize),
		readers: map[*reader]int{}, changed: make(chan struct{}),
	}
}

// want notes which block a reader needs, and starts fetching unless it runs: what
// nobody reads is not fetched. It returns the file's name.
func (p *filling) want(r *reader, block int) (name string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dropped {
		return "", p.err
	}
	if p.file == nil {
		if p.file, err = p.create(); err != nil {
			return "", err
		}
	}
	p.readers[r] = block
	if !p.running && !p.whole {
		p.running, p.err = true, nil
		p.start()
	}
	return p.file.Name(), nil
}

// untouched reports whether nobody has read, and nobody is about to.
func (p *filling) untouched() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.file == nil && len(p.readers) == 0
}

// abandoned reports whether fetching failed before a time, and nobody waits.
func (p *filling) abandoned(before time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.running && !p.whole && p.file != nil && len(p.readers) == 0 && p.ended.Before(before)
}

// end notes how the fetching ended. It reports whether the filling is over:
// the file is an object now, or its content was wrong and is gone.
func (p *filling) end(err error) (over bool) {
	if err != nil && p.missing() == 0 { // the content was wrong, or can not be kept
		p.drop(err)
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running, p.whole, p.err, p.ended = false, err == nil, err, time.Now()
	p.tell()
	return err == nil
}

// drop removes the file; reads fail with err.
func (p *filling) drop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file != nil {
		store.Drop(p.file)
	}
	p.running, p.dropped, p.err = false, true, err
	p.tell()
}

// missing is how many bytes are to come.
func (p *filling) missing() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, s := range p.blocks {
		if s != present {
			n += p.span(i)
		}
	}
	return n
}

// span is the length of a block.
func (p *filling) span(i int) int64 { return min(blockSize, p.size-int64(i)*blockSize) }

// tell wakes all waiting goroutines. The caller holds the lock.
func (p *filling) tell() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// fetch fetches the blocks that are absent, and checks the whole.
func (p *filling) fetch(ctx context.Context, content io.ReaderAt, want string) error {
	g, ctx := errgroup.WithContext(ctx)
	for range connections {
		g.Go(func() error { return p.fetchBlocks(ctx, content) })
	}
	sum := sha256.New()
	g.Go(func() error { return p.hash(ctx, sum) })
	if err := g.Wait(); err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != want {
		return &HashError{want, got}
	}
	return nil
}

// fetchBlocks fetches one block after the other until none is left.
func (p *filling) fetchBlocks(ctx context.Context, content io.ReaderAt) error {
	buf := make([]byte, blockSize)
	for {
		i, ok := p.claim()
		if !ok {
			return nil
		}
		at, n := int64(i)*blockSize, p.span(i)
		_, err := io.ReadFull(io.NewSectionReader(content, at, n), buf[:n])
		if err == nil {
			_, err = p.file.WriteAt(buf[:n], at)
		}
		if err == nil {
			err = ctx.Err()
		}
		p.mu.Lock()
		if p.blocks[i] = present; err != nil {
			p.blocks[i] = absent
		}
		p.tell()
		p.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// claim picks the next block to fetch: the one that a reader lacks, or the
// first after it, else the first of the file.
func (p *filling) claim() (int, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first := -1
	for _, from := range p.readers {
		if i := p.absentFrom(from); i >= 0 && (first < 0 || i-from < first) {
			first = i
		}
	}
	if first < 0 {
		first = p.absentFrom(0)
	}
	if first < 0 {
		return 0, false
	}
	p.blocks[first] = coming
	return first, true
}

// absentFrom is the first absent block from one on, or -1.
func (p *filling) absentFrom(from int) int {
	for i := from; i < len(p.blocks); i++ {
		if p.blocks[i] == absent {
			return i
		}
	}
	return -1
}

// hash hashes the blocks in their order, each as soon as it is there.
func (p *filling) hash(ctx context.Context, sum hash.Hash) error {
	for i := range p.blocks {
		if err := p.wait(ctx, func() bool { return p.blocks[i] == present }); err != nil {
			return err
		}
		if _, err := io.Copy(sum, io.NewSectionReader(p.file, int64(i)*blockSize, p.span(i))); err != nil {
			return err
		}
	}
	return nil
}

// wait waits until ready, which is called under the lock, or until ctx ends.
func (p *filling) wait(ctx context.Context, ready func() bool) error {
	for {
		p.mu.Lock()
		done, err, changed := ready(), p.err, p.changed
		p.mu.Unlock()
		switch {
		case done:
			return nil
		case err != nil:
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
