package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/cache"
)

// sink is where a transfer's bytes go: a cache.Part, a stretch of one, or memory.
type sink interface {
	Missing() []cache.Extent
	Receive(r io.Reader, e cache.Extent, fast bool) (int64, error)
}

// transfer fetches what a sink misses of one file, over several connections.
type transfer struct {
	c       *Client
	sink    sink
	lim     *limits
	meter   Meter
	arrived atomic.Int64 // bytes so far

	mu   sync.Mutex
	file *File          // its location is renewed when it expires
	gaps []cache.Extent // not yet asked for, in order
	etag string         // of the answers so far

	over     chan struct{} // closed when the first worker has found nothing more to do
	renewing sync.Mutex    // held while the file is resolved again
}

// transfer returns when the sink misses nothing, or with the error that ended it.
func (c *Client) transfer(ctx context.Context, f *File, s sink, lim *limits, m Meter) error {
	t := &transfer{c: c, over: make(chan struct{}), file: f, etag: f.served, sink: s, lim: lim, meter: m, gaps: s.Missing()}
	g, gctx := errgroup.WithContext(ctx)
	for i := range min(lim.most, t.mostRanges()) {
		g.Go(func() error { return t.work(gctx, i == 0) })
	}
	err := g.Wait()
	if errors.Is(err, errWhole) {
		err = t.runWhole(ctx)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (t *transfer) mostRanges() (n int) {
	for _, g := range t.gaps {
		n += int(min((g.Len()-1)/leastRange+1, int64(t.lim.most)))
	}
	return n
}

// work asks for one range after another until none is left. While one connection
// is enough that is the first worker's, and the others wait.
func (t *transfer) work(ctx context.Context, first bool) error {
	if first {
		defer close(t.over)
	}
	needed := first
	p := patience{c: t.c, arrived: &t.arrived}
	for {
		if turned := t.lim.quickUntil(); !needed && turned != nil {
			select {
			case <-turned:
				continue
			case <-t.over:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		if err := t.lim.begin(ctx); err != nil {
			return err
		}
		gap, ok := t.take()
		if !ok {
			t.lim.end(measure{})
			return nil
		}
		rest, m, err := t.fetch(ctx, gap)
		t.lim.end(m)
		if rest.Len() > 0 {
			t.giveBack(rest)
			needed = true // there may be nobody else to take it
		}
		if err == nil {
			continue
		}
		if err := t.goOn(ctx, &p, err); err != nil {
			return err
		}
	}
}

// take hands out the next range, lowest first, so that the hash can follow.
func (t *transfer) take() (cache.Extent, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.gaps) == 0 {
		return cache.Extent{}, false
	}
	var left int64
	for _, g := range t.gaps {
		left += g.Len()
	}
	size := t.lim.rangeSize(left, t.arrived.Load())
	e := t.gaps[0]
	if e.Len() <= size {
		t.gaps = t.gaps[1:]
		return e, true
	}
	e.End = e.Start + size
	if even := e.End - e.End%leastRange; even > e.Start {
		e.End = even // so that the disk gets whole blocks
	}
	t.gaps[0].Start = e.End
	return e, true
}

func (t *transfer) giveBack(e cache.Extent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gaps = append(t.gaps, e)
	slices.SortFunc(t.gaps, func(a, b cache.Extent) int { return cmp.Compare(a.Start, b.Start) })
}

// goOn decides whether to go on after err: errors of the sink, of the caller,
// of permission, and those that repeating did not mend, end the transfer.
func (t *transfer) goOn(ctx context.Context, p *patience, err error) error {
	switch {
	case t.current().pointer && errors.As(err, new(*sizeError)):
		return err
	case errors.Is(err, errWhole), errors.Is(err, ErrChanged), errors.As(err, new(*cache.WriteError)),
		errors.As(err, new(*Error)), errors.As(err, new(*PageError)):
		return err
	}
	return p.after(ctx, err)
}

// fetch asks for one range and writes what comes. It returns what of the range
// is still missing.
func (t *transfer) fetch(ctx context.Context, e cache.Extent) (rest cache.Extent, m measure, err error) {
	asked := time.Now()
	resp, err := t.get(ctx, &e)
	if err != nil {
		return e, m, err
	}
	defer resp.Body.Close()
	m.wait = time.Since(asked)
	if err := t.rightRange(resp, e); err != nil {
		return e, m, err
	}
	rest = e
	body := &timedReader{r: resp.Body, spent: &m.read}
	rest.Start, err = t.copy(ctx, body, e)
	m.bytes = rest.Start - e.Start
	if err == nil {
		err = noMore(body)
	}
	return rest, m, err
}

// timedReader notes how long reading takes.
type timedReader struct {
	r     io.Reader
	spent *time.Duration
}

func (r *timedReader) Read(p []byte) (int, error) {
	began := time.Now()
	n, err := r.r.Read(p)
	*r.spent += time.Since(began)
	return n, err
}

// rightRange insists that an answer holds just the bytes that were asked for.
func (t *transfer) rightRange(resp *http.Response, e cache.Extent) error {
	size := t.current().Size
	if total := sizeIn(resp); total >= 0 && total != size {
		return &sizeError{size, total}
	}
	if resp.StatusCode == http.StatusOK && e.Len() != size {
		return errWhole
	}
	if resp.StatusCode == http.StatusPartialContent {
		s := resp.Header.Get("Content-Range")
		first, end, total, ok := parseContentRange(s)
		if !ok || first != e.Start || end != e.End || (total >= 0 && total != size) {
			return fmt.Errorf("asked for bytes %d-%d of %d, got Content-Range %q", e.Start, e.End-1, size, t.c.clean(s, 80))
		}
	}
	if resp.ContentLength >= 0 && resp.ContentLength != e.Len() {
		return fmt.Errorf("asked for %d bytes, the server announces %d", e.Len(), resp.ContentLength)
	}
	return nil
}

// sizeIn is the whole file's size by an answer with all or a range of it, -1 when
// that does not tell.
func sizeIn(resp *http.Response) int64 {
	if resp.StatusCode != http.StatusPartialContent {
		return resp.ContentLength
	}
	if _, _, total, ok := parseContentRange(resp.Header.Get("Content-Range")); ok {
		return total
	}
	return -1
}

// sizeError tells of content that has another size than was promised.
type sizeError struct{ want, got int64 }

func (e *sizeError) Error() string {
	return fmt.Sprintf("the server sends a file of %d bytes, the hub promised %d", e.got, e.want)
}

// copy stores the bytes of e from r and returns how far it came.
func (t *transfer) copy(ctx context.Context, r io.Reader, e cache.Extent) (int64, error) {
	n, err := t.sink.Receive(&incoming{t: t, r: r}, e, t.lim.isNear())
	at := e.Start + n
	switch {
	case err == nil, errors.As(err, new(*cache.WriteError)):
		return at, err
	case ctx.Err() != nil:
		return at, context.Cause(ctx)
	}
	return at, fmt.Errorf("the connection ended %d bytes early: %w", e.End-at, t.c.cleanError(err))
}

// incoming counts bytes as they come.
type incoming struct {
	t *transfer
	r io.Reader
}

func (in *incoming) Read(p []byte) (int, error) {
	n, err := in.r.Read(p)
	if n > 0 {
		in.t.meter.Add(int64(n))
		in.t.arrived.Add(int64(n))
	}
	return n, err
}

// noMore insists that an answer ends where it should.
func noMore(r io.Reader) error {
	if n, _ := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return errors.New("the server sent more bytes than the file has")
	}
	return nil
}

// errWhole ends the workers when the server can only send the whole file.
var errWhole = errors.New("the server ignores ranges")
