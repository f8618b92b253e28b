package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"longcat/hub/internal/wire"
	"longcat/internal/progress"
)

// object is the content of a large file on its way to the Hub.
type object struct {
	oid     string // sha256
	size    int64
	path    string // of one file with this content, for messages
	content *io.SectionReader
}

// lfsBatch is how many objects one batch request names.
const lfsBatch = 100

// sendLFS transfers the objects that the Hub does not hold and returns how many
// bytes crossed the wire.
func (c *Client) sendLFS(ctx context.Context, p *PreparedUpload, objects []object) (int64, error) {
	var sent atomic.Int64
	workers := cmp.Or(p.Workers, 8)
	conns := semaphore.NewWeighted(int64(workers))
	for batch := range slices.Chunk(objects, lfsBatch) {
		answers, err := c.batch(ctx, p, batch)
		if err != nil {
			return sent.Load(), err
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(workers)
		for i, o := range batch {
			if answers[i].Actions["upload"] == nil {
				m := progress.Start(p.Progress, "uploading", o.path, o.size)
				m.Found(o.size) // it is there already
				m.Done()
				continue
			}
			g.Go(func() error {
				u := &objectUpload{c: c, prep: p, object: o, conns: conns, sent: &sent}
				return u.run(gctx, answers[i])
			})
		}
		if err := g.Wait(); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return sent.Load(), err
		}
	}
	return sent.Load(), nil
}

// batch asks what to do with each object; answers are in the order asked.
func (c *Client) batch(ctx context.Context, p *PreparedUpload, objects []object) ([]wire.LFSBatchObject, error) {
	body := wire.LFSBatchRequest{Operation: "upload", Transfers: []string{"basic", "multipart"}, HashAlgo: "sha256"}
	if p.Revision != "" {
		body.Ref = &wire.LFSRef{Name: p.Revision}
	}
	for _, o := range objects {
		body.Objects = append(body.Objects, wire.LFSObject{OID: o.oid, Size: o.size})
	}
	r := request{op: "starting the upload of large files to", repo: p.Repo, method: http.MethodPost, url: p.Repo.lfsBatchPath(), write: true}
	if err := r.jsonBody(body); err != nil {
		return nil, err
	}
	r.setHeader("Content-Type", wire.LFSMediaType)
	r.setHeader("Accept", wire.LFSMediaType)
	var resp wire.LFSBatchResponse
	if _, err := c.call(ctx, r, &resp); err != nil {
		return nil, err
	}
	byOID := map[string]wire.LFSBatchObject{}
	for _, a := range resp.Objects {
		byOID[a.OID] = a
	}
	answers := make([]wire.LFSBatchObject, len(objects))
	for i, o := range objects {
		a, ok := byOID[o.oid]
		if !ok {
			return nil, fmt.Errorf("uploading %q: the hub did not answer for the object", o.path)
		}
		if a.Error != nil {
			return nil, &Error{Op: "uploading", Repo: p.Repo.String(), Path: o.path, Status: a.Error.Code, Message: c.clean(a.Error.Message, 500), HadToken: c.HasToken()}
		}
		answers[i] = a
	}
	return answers, nil
}

// objectUpload sends one object.
type objectUpload struct {
	c    *Client
	prep *PreparedUpload
	object
	conns *semaphore.Weighted // shared by all objects' parts
	sent  *atomic.Int64
}

// run sends the object; when its addresses expire on the way, it asks for new
// ones, twice at most.
func (u *objectUpload) run(ctx context.Context, answer wire.LFSBatchObject) error {
	meter := progress.Start(u.prep.Progress, "uploading", u.path, u.size)
	defer meter.Done()
	for attempt := 0; ; attempt++ {
		counted := &tally{Meter: meter}
		err := u.once(ctx, answer, counted)
		var he *Error
		expired := errors.As(err, &he) && (he.Status == http.StatusForbidden || he.Status == http.StatusGone)
		if !expired || attempt == 2 {
			return err
		}
		meter.Add(-counted.n.Load()) // it all goes again
		answers, berr := u.c.batch(ctx, u.prep, []object{u.object})
		if berr != nil {
			return berr
		}
		if answer = answers[0]; answer.Actions["upload"] == nil {
			meter.Found(u.size)
			return nil
		}
	}
}

// tally remembers what a meter was told.
type tally struct {
	Meter
	n atomic.Int64
}

func (t *tally) Add(n int64) {
	t.n.Add(n)
	t.Meter.Add(n)
}

func (u *objectUpload) once(ctx context.Context, answer wire.LFSBatchObject, meter Meter) error {
	action := answer.Actions["upload"]
	var err error
	if _, multipart := action.Header["chunk_size"]; multipart {
		err = u.multipart(ctx, action, meter)
	} else {
		_, err = u.put(ctx, action.Href, action.Header, 0, u.size, meter)
	}
	if err != nil {
		return err
	}
	verify := answer.Actions["verify"]
	if verify == nil {
		return nil
	}
	r := u.request(http.MethodPost, verify.Href, "verifying")
	if err := r.jsonBody(wire.LFSObject{OID: u.oid, Size: u.size}); err != nil {
		return err
	}
	r.setHeader("Content-Type", wire.LFSMediaType)
	r.setHeader("Accept", wire.LFSMediaType)
	for k, v := range verify.Header {
		r.setHeader(k, string(v))
	}
	_, err = u.c.call(ctx, r, nil)
	return err
}

func (u *objectUpload) request(method, addr, op string) request {
	return request{op: op, repo: u.prep.Repo, path: u.path, method: method, url: u.c.absolute(addr), write: true, slow: true}
}

// put sends bytes [off, off+n) and returns the answer's ETag. A repeated
// attempt takes its bytes out of the meter first.
func (u *objectUpload) put(ctx context.Context, addr string, header map[string]wire.LFSString, off, n int64, meter Meter) (string, error) {
	if err := u.conns.Acquire(ctx, 1); err != nil {
		return "", context.Cause(ctx)
	}
	defer u.conns.Release(1)
	r := u.request(http.MethodPut, addr, "uploading")
	last := &meteredReader{meter: meter}
	r.size = n
	r.body = func() (io.ReadCloser, error) {
		u.sent.Add(last.giveUp())
		last = &meteredReader{ctx: ctx, r: io.NewSectionReader(u.content, off, n), meter: meter, behind: progress.Unacknowledged}
		return io.NopCloser(last), nil
	}
	for k, v := range header {
		r.setHeader(k, string(v))
	}
	resp, err := u.c.do(ctx, r)
	if err == nil && resp.StatusCode/100 != 2 {
		err = u.c.errorFrom(resp, r.op, r.repo, r.path)
	}
	if err != nil {
		u.sent.Add(last.giveUp())
		return "", err
	}
	u.sent.Add(n)
	last.arrived()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxErrorBody)) // lets the connection be used again
	resp.Body.Close()
	return resp.Header.Get("ETag"), nil
}

// maxParts bounds what a server may ask for; S3 knows 10,000.
const maxParts = 100_000

// multipart sends the parts that the header lists, in parallel, and completes.
func (u *objectUpload) multipart(ctx context.Context, action *wire.LFSAction, meter Meter) error {
	chunk, addrs, err := u.partAddresses(action.Header)
	if err != nil {
		return fmt.Errorf("uploading %q: %w", u.path, err)
	}
	parts := make([]wire.LFSPart, len(addrs))
	var mu sync.Mutex
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(u.prep.Workers, 8))
	for i, addr := range addrs {
		g.Go(func() error {
			off := int64(i) * chunk
			etag, err := u.put(gctx, addr, nil, off, min(chunk, u.size-off), meter)
			mu.Lock()
			defer mu.Unlock()
			parts[i] = wire.LFSPart{PartNumber: i + 1, ETag: etag}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	r := u.request(http.MethodPost, action.Href, "completing the upload of")
	if err := r.jsonBody(wire.LFSComplete{OID: u.oid, Parts: parts}); err != nil {
		return err
	}
	r.setHeader("Content-Type", wire.LFSMediaType)
	r.setHeader("Accept", wire.LFSMediaType)
	_, err = u.c.call(ctx, r, nil)
	return err
}

// partAddresses reads an upload action's header: the size of a part, and the
// parts' addresses in the order of their numbers.
func (u *objectUpload) partAddresses(h map[string]wire.LFSString) (chunk int64, addrs []string, err error) {
	chunk, err = strconv.ParseInt(string(h["chunk_size"]), 10, 64)
	if err != nil || chunk <= 0 {
		return 0, nil, fmt.Errorf("the hub's part size %q is no number of bytes", u.c.clean(string(h["chunk_size"]), 40))
	}
	want := (u.size-1)/chunk + 1
	if want > maxParts {
		return 0, nil, fmt.Errorf("the hub wants %d parts", want)
	}
	addrs = make([]string, want)
	for k, v := range h {
		if n, err := strconv.ParseInt(k, 10, 64); err == nil && n >= 1 && n <= want {
			addrs[n-1] = string(v)
		}
	}
	if i := slices.Index(addrs, ""); i >= 0 {
		return 0, nil, fmt.Errorf("the hub gives no address for part %d of %d", i+1, want)
	}
	return chunk, addrs, nil
}
