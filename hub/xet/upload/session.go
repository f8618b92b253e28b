package upload

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
)

// A session is one Run. Contents are read and hashed side by side, but what
// becomes of their chunks is decided by one goroutine, in the contents' order:
// that makes the xorbs the same every time.
type session struct {
	client *xet.Client
	o      Options
	g      *errgroup.Group // all that Run waits for

	// Used by the deciding goroutine only.
	packer   packer
	answers  answers
	register register
	stats    Stats

	asking  chan struct{} // tokens for questions about sources
	unknown sync.Map      // set of *Source of which the server told nothing
	sending *senders

	// Counted by the sending goroutines.
	sent          atomic.Int64
	xorbs, shards atomic.Int64
}

// askers is how many questions about sources are under way at a time.
const askers = 8

func newSession(client *xet.Client, o Options) *session {
	if o.Readers == 0 {
		o.Readers = runtime.GOMAXPROCS(0)
	}
	if o.Senders == 0 {
		o.Senders = 4
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, f := range []*func(int64){&o.Found, &o.Moved} {
		if *f == nil {
			*f = func(int64) {}
		}
	}
	s := &session{client: client, o: o, asking: make(chan struct{}, askers), sending: newSenders(o.Senders)}
	s.packer = packer{limit: growing, most: maxIndex, index: map[uint64]uint32{}}
	s.answers = answers{now: o.Now, asked: map[merkle.Hash]bool{}}
	s.register = register{session: s, seen: map[merkle.Hash]bool{}}
	return s
}

func (s *session) run(ctx context.Context, contents []Content) (*Result, error) {
	s.g, ctx = errgroup.WithContext(ctx)
	s.packer.seal = func(x *newXorb) { s.send(ctx, x) }
	result := &Result{Files: make([]File, len(contents))}
	scans := make([]*scan, len(contents))
	for i := range contents {
		if err := checkKnown(&contents[i]); err != nil {
			return nil, err
		}
		scans[i] = newScan(s, &contents[i])
	}
	s.g.Go(func() error { return s.read(ctx, scans) })
	s.g.Go(func() error {
		for i, sc := range scans {
			file, err := s.decide(ctx, sc)
			if err != nil {
				return err
			}
			result.Files[i] = *file
		}
		s.register.flush(ctx)
		return nil
	})
	if err := s.g.Wait(); err != nil {
		return nil, err
	}
	result.Stats = s.stats
	result.Stats.Sent = s.sent.Load()
	result.Stats.Xorbs, result.Stats.Shards = int(s.xorbs.Load()), int(s.shards.Load())
	return result, nil
}

// checkKnown refuses ranges that do not fit the content or its source.
func checkKnown(c *Content) error {
	end := int64(0)
	for _, k := range c.Known {
		if k.At < end || k.Size < 0 || k.Size > c.Data.Size()-k.At ||
			k.From < 0 || k.From > k.Source.Data.Size() || k.Size > k.Source.Data.Size()-k.From {
			return fmt.Errorf("uploading %q: known bytes %d to %d do not fit", c.Name, k.At, k.At+k.Size)
		}
		end = k.At + k.Size
	}
	return nil
}

// read starts the contents' scans in order, some at a time.
func (s *session) read(ctx context.Context, scans []*scan) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(s.o.Readers)
	for _, sc := range scans {
		g.Go(func() error {
			askAbout(ctx, s, sc.spans) // may go on when all is read
			return sc.run(gctx)
		})
	}
	return g.Wait()
}

// decide finds a place for each chunk of a content while it is being read, and
// hands the file to the register.
func (s *session) decide(ctx context.Context, sc *scan) (*File, error) {
	file := newFile()
	w := &window{session: s, content: sc.content, file: file}
	follow := &follower{spans: sc.spans, size: sc.content.Data.Size(), emit: func(c chunk) { w.add(ctx, c) }}
	for leaves := range sc.leaves {
		for _, leaf := range leaves {
			if err := follow.add(ctx, leaf); err != nil {
				return nil, err
			}
		}
	}
	if sc.err != nil {
		return nil, sc.err
	}
	follow.end()
	w.flush(ctx)
	file.finish(sc.sum)
	s.stats.Total += file.File.Size
	s.register.add(ctx, file)
	return &file.File, nil
}
