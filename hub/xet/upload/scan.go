package upload

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sync"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

// A scan reads a content from front to back.
type scan struct {
	session *session
	content *Content
	spans   []*span
	leaves  chan []merkle.Leaf // the chunks in order; closed at the end
	sum     [32]byte           // sha256 of all, once leaves is closed
	err     error              // why leaves was closed too early, if it was
}

// Chunks are handed on in batches, and a scan can be so many batches ahead of
// the deciding: 4 GiB of a file, 2.6 MB of memory.
const (
	batchSize    = 1 << 10
	batchesAhead = 64
)

func newScan(s *session, c *Content) *scan {
	return &scan{session: s, content: c, spans: spansOf(c), leaves: make(chan []merkle.Leaf, batchesAhead)}
}

// run reads the content. After an error leaves is closed as well.
func (sc *scan) run(ctx context.Context) error {
	defer close(sc.leaves)
	sc.err = sc.read(ctx)
	return sc.err
}

func (sc *scan) read(ctx context.Context) error {
	var batch []merkle.Leaf
	hand := func() {
		select {
		case sc.leaves <- batch:
		case <-ctx.Done():
		}
		batch = nil
	}
	chunks := cdc.NewHasher(func(leaf merkle.Leaf) {
		if batch = append(batch, leaf); len(batch) == batchSize {
			hand()
		}
	})
	sum := sha256.New()
	block := make([]byte, cdc.BlockSize)
	data := io.NewSectionReader(sc.content.Data, 0, sc.content.Data.Size()) // a position of our own
	size := int64(0)
	for ctx.Err() == nil {
		n, err := io.ReadFull(data, block)
		size += int64(n)
		var both sync.WaitGroup // the two hashes take about as long as each other
		if sc.content.SHA256 == nil {
			both.Go(func() { sum.Write(block[:n]) })
		}
		chunks.Write(block[:n])
		both.Wait()
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return fmt.Errorf("reading %q: %w", sc.content.Name, err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if want := sc.content.Data.Size(); size != want {
		return fmt.Errorf("reading %q: got %d bytes of %d: %w", sc.content.Name, size, want, io.ErrUnexpectedEOF)
	}
	chunks.Close()
	hand()
	sum.Sum(sc.sum[:0])
	if sc.content.SHA256 != nil {
		sc.sum = *sc.content.SHA256
	}
	return ctx.Err()
}
