package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"longcat/hub/cache"
)

// Sizes of a transfer. A block is what is written and journalled at once; a
// range is what is asked for at once, and bounds what a killed process leaves
// unread in its sockets.
const (
	blockSize = 256 << 10
	rangeSize = 8 << 20
)

// sink is where a transfer's bytes go: a cache.Part.
type sink interface {
	io.WriterAt
	Missing() []cache.Extent
}

// limits are shared by all transfers of one download.
type limits struct {
	conns chan struct{} // one token a connection
	rate  *rate.Limiter // nil: as fast as it goes
}

func newLimits(conns int, bytesPerSecond int64) *limits {
	l := &limits{conns: make(chan struct{}, conns)}
	if bytesPerSecond > 0 {
		l.rate = rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(min(bytesPerSecond/8, blockSize), 1)))
	}
	return l
}

// pass waits until n more bytes may be read.
func (l *limits) pass(ctx context.Context, n int) error {
	if l.rate == nil {
		return nil
	}
	for n > 0 {
		step := min(n, l.rate.Burst())
		if err := l.rate.WaitN(ctx, step); err != nil {
			return err
		}
		n -= step
	}
	return nil
}

// transfer brings what a sink misses of one file, over several connections.
type transfer struct {
	c     *Client
	sink  sink
	lim   *limits
	meter Meter

	mu    sync.Mutex
	file  *File          // its location is renewed when it expires
	gaps  []cache.Extent // not yet asked for, in order
	fails int            // in a row, without a byte between
	etag  string         // of the answers so far
}

// transfer returns when the sink misses nothing, or with the error that ended it.
func (c *Client) transfer(ctx context.Context, f *File, s sink, lim *limits, m Meter) error {
	t := &transfer{c: c, file: f, sink: s, lim: lim, meter: m, gaps: s.Missing()}
	g, gctx := errgroup.WithContext(ctx)
	for range min(cap(lim.conns), t.ranges()) {
		g.Go(func() error { return t.work(gctx) })
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

// errWhole ends the workers when the server can only send the whole file.
var errWhole = errors.New("the server ignores ranges")

func (t *transfer) ranges() (n int) {
	for _, g := range t.gaps {
		n += int((g.Len() + rangeSize - 1) / rangeSize)
	}
	return n
}

// work asks for one range after another until none is left.
func (t *transfer) work(ctx context.Context) error {
	buf := make([]byte, blockSize)
	for {
		select {
		case t.lim.conns <- struct{}{}:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		gap, ok := t.take()
		if !ok {
			<-t.lim.conns
			return nil
		}
		rest, err := t.fetch(ctx, gap, buf)
		<-t.lim.conns
		if rest.Len() > 0 {
			t.giveBack(rest)
		}
		if err == nil {
			continue
		}
		if err := t.failed(ctx, err, rest.Len() < gap.Len()); err != nil {
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
	e := t.gaps[0]
	if e.Len() <= rangeSize {
		t.gaps = t.gaps[1:]
		return e, true
	}
	e.End = e.Start + rangeSize
	t.gaps[0].Start = e.End
	return e, true
}

func (t *transfer) giveBack(e cache.Extent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gaps = append([]cache.Extent{e}, t.gaps...)
}

// failed decides whether to go on: errors of the sink, of the caller and of
// permission end the transfer, passing ones only when they repeat without a
// byte of progress between.
func (t *transfer) failed(ctx context.Context, err error, progressed bool) error {
	var he *Error
	var se *sinkError
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, errWhole), errors.Is(err, ErrChanged), errors.As(err, &se), errors.As(err, &he):
		return err
	}
	t.mu.Lock()
	if progressed {
		t.fails = 0
	}
	t.fails++
	fails := t.fails
	t.mu.Unlock()
	if fails > max(t.c.cfg.Retries, 0) {
		return fmt.Errorf("downloading %q of %q: %w", t.file.Path, t.file.Repo, err)
	}
	return pause(ctx, backoff(t.c.cfg.RetryWaitMin, t.c.cfg.RetryWaitMax, fails-1, nil))
}

// sinkError marks errors of the local disk: no repetition mends them.
type sinkError struct{ err error }

func (e *sinkError) Error() string { return e.err.Error() }
func (e *sinkError) Unwrap() error { return e.err }

// fetch asks for one range and writes what comes. It returns what of the range
// is still missing.
func (t *transfer) fetch(ctx context.Context, e cache.Extent, buf []byte) (rest cache.Extent, err error) {
	resp, err := t.get(ctx, &e)
	if err != nil {
		return e, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && e.Len() != t.file.Size {
		return e, errWhole
	}
	if resp.StatusCode == http.StatusPartialContent {
		if err := t.rightRange(resp, e); err != nil {
			return e, err
		}
	}
	if resp.ContentLength >= 0 && resp.ContentLength != e.Len() {
		return e, fmt.Errorf("asked for %d bytes, the server announces %d", e.Len(), resp.ContentLength)
	}
	e.Start, err = t.copy(ctx, resp.Body, e, buf, nil)
	return e, err
}

// rightRange insists that a 206 holds just the bytes that were asked for.
func (t *transfer) rightRange(resp *http.Response, e cache.Extent) error {
	s := resp.Header.Get("Content-Range")
	first, end, total, ok := parseContentRange(s)
	if !ok || first != e.Start || end != e.End || total != t.file.Size {
		return fmt.Errorf("asked for bytes %d-%d of %d, got Content-Range %q", e.Start, e.End-1, t.file.Size, oneLine(s, 80))
	}
	return nil
}

// copy writes the bytes of e from r, except those in skip, and returns how far
// it came. More bytes than e has are an error, too.
func (t *transfer) copy(ctx context.Context, r io.Reader, e cache.Extent, buf []byte, have func(cache.Extent) bool) (int64, error) {
	at := e.Start
	for at < e.End {
		n, err := io.ReadFull(r, buf[:min(int64(len(buf)), e.End-at)])
		if n > 0 {
			if lerr := t.lim.pass(ctx, n); lerr != nil {
				return at, lerr
			}
			if have == nil || !have(cache.Extent{Start: at, End: at + int64(n)}) {
				if _, werr := t.sink.WriteAt(buf[:n], at); werr != nil {
					return at, &sinkError{werr}
				}
				t.meter.Add(int64(n))
			}
			at += int64(n)
		}
		if err != nil {
			return at, fmt.Errorf("the connection ended %d bytes early: %w", e.End-at, err)
		}
	}
	if n, _ := io.ReadFull(r, buf[:1]); n > 0 {
		return at, errors.New("the server sent more bytes than the file has")
	}
	return at, nil
}

// get sends the request for e to where the file is now; an expired address is
// renewed once.
func (t *transfer) get(ctx context.Context, e *cache.Extent) (*http.Response, error) {
	for renewed := false; ; renewed = true {
		t.mu.Lock()
		f := *t.file
		t.mu.Unlock()
		r := request{op: "downloading", repo: f.Repo, path: f.Path, method: http.MethodGet, url: f.location}
		if e != nil {
			r.setHeader("Range", fmt.Sprintf("bytes=%d-%d", e.Start, e.End-1))
		}
		resp, err := t.c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 == 2 {
			return resp, t.sameEtag(ctx, resp)
		}
		he := errorFrom(resp, r.op, r.repo, r.path)
		if renewed || !t.c.expired(f.location, he.Status) {
			return nil, he
		}
		if err := t.renew(ctx, f.location); err != nil {
			return nil, err
		}
	}
}

// expired tells answers that a signed address gives when its time is over, or
// when what it pointed to has changed.
func (c *Client) expired(location string, status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound, http.StatusGone, http.StatusBadRequest, http.StatusRequestedRangeNotSatisfiable:
		return c.isSigned(location)
	}
	return false
}

// renew resolves the file again, once for all workers that found the same
// address expired.
func (t *transfer) renew(ctx context.Context, old string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file.location != old {
		return nil
	}
	f, err := t.c.Resolve(ctx, t.file.Repo, t.file.Commit, t.file.Path)
	if err != nil {
		return err
	}
	if f.Etag != t.file.Etag || f.Size != t.file.Size {
		return fmt.Errorf("downloading %q of %q: %w", f.Path, f.Repo, ErrChanged)
	}
	t.file = f
	return nil
}

// sameEtag notices content that changes between two answers. Where a hash will
// judge the whole, a second opinion of the Hub is enough to go on.
func (t *transfer) sameEtag(ctx context.Context, resp *http.Response) error {
	etag := trimEtag(resp.Header.Get("ETag"))
	t.mu.Lock()
	changed := t.etag != "" && etag != "" && etag != t.etag
	if etag != "" {
		t.etag = etag
	}
	location := t.file.location
	t.mu.Unlock()
	if !changed {
		return nil
	}
	resp.Body.Close()
	if t.file.Hash() == "" {
		return fmt.Errorf("downloading %q of %q: %w", t.file.Path, t.file.Repo, ErrChanged)
	}
	if err := t.renew(ctx, location); err != nil {
		return err
	}
	return errors.New("the file's etag changed between two answers")
}

// runWhole serves a server without ranges: one connection, from the start each
// time; what is there already is read past.
func (t *transfer) runWhole(ctx context.Context) error {
	buf := make([]byte, blockSize)
	for {
		missing := t.sink.Missing()
		if len(missing) == 0 {
			return nil
		}
		before := missing[0].Start
		err := t.fetchWhole(ctx, missing, buf)
		if err == nil {
			continue
		}
		after := t.sink.Missing()
		if err := t.failed(ctx, err, len(after) == 0 || after[0].Start > before); err != nil {
			return err
		}
	}
}

func (t *transfer) fetchWhole(ctx context.Context, missing []cache.Extent, buf []byte) error {
	resp, err := t.get(ctx, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.ContentLength >= 0 && resp.ContentLength != t.file.Size {
		return fmt.Errorf("the file has %d bytes, the server announces %d", t.file.Size, resp.ContentLength)
	}
	there := func(e cache.Extent) bool {
		for _, m := range missing {
			if e.Start < m.End && m.Start < e.End {
				return false
			}
		}
		return true
	}
	_, err = t.copy(ctx, resp.Body, cache.Extent{Start: 0, End: t.file.Size}, buf, there)
	return err
}
