package xet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A body is what a request carries, as often as it is opened.
type body struct {
	size int64
	open func() (io.ReadCloser, error)
	kind string // content type
}

// A request is one to the CAS server.
type request struct {
	op     string // for errors
	method string
	path   string // from the server's root
	span   string // Range header, if any
	body   *body
	slow   bool // see Slow
}

// send sends r with the token and gives whatever the server answers, but after
// a 401 tries once more with a fresh token.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	refused := ""
	for {
		token, base, err := c.current(ctx, refused)
		if err != nil {
			return nil, err
		}
		if r.slow {
			ctx = context.WithValue(ctx, slowKey{}, true)
		}
		req, err := newRequest(ctx, r.op, r.method, base.JoinPath(r.path), r.body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.op, err)
		}
		req.Header.Set("Authorization", "Bearer "+token.Access)
		if r.span != "" {
			req.Header.Set("Range", r.span)
		}
		resp, err := c.http.Do(req)
		if err != nil {
			return nil, failed(r.op, err)
		}
		if resp.StatusCode != http.StatusUnauthorized || refused != "" {
			return resp, nil
		}
		resp.Body.Close()
		refused = token.Access
	}
}

// newRequest makes a request whose body can be sent again.
func newRequest(ctx context.Context, op, method string, address *url.URL, b *body) (*http.Request, error) {
	req, err := http.NewRequestWithContext(context.WithValue(ctx, operation{}, op), method, address.String(), nil)
	if err != nil {
		return nil, redact(err)
	}
	if b == nil {
		return req, nil
	}
	if req.Body, err = b.open(); err != nil {
		return nil, err
	}
	req.GetBody = b.open
	req.ContentLength = b.size
	if b.kind != "" {
		req.Header.Set("Content-Type", b.kind)
	}
	return req, nil
}

// maxJSON bounds a JSON answer: a gigabyte of a file that lies in a thousand
// pieces takes some hundred kilobytes.
const maxJSON = 32 << 20

// decode reads a whole JSON answer into out and closes it. A cut answer is a
// broken one.
func decode(op string, resp *http.Response, out any) error {
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON+1))
	if err != nil {
		return broken(fmt.Errorf("%s: reading the answer: %w", op, err))
	}
	if len(text) > maxJSON {
		return fmt.Errorf("%s: the answer is longer than %d bytes", op, maxJSON)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s: understanding the answer: %w", op, err)
	}
	return nil
}

// discard reads a short answer that does not matter, so that its connection
// can be used again.
func discard(resp *http.Response) {
	_, _ = io.CopyN(io.Discard, resp.Body, maxErrorBody) // see above
	resp.Body.Close()
}

// repeat calls try until it succeeds or fails for good, at most tries times,
// with a pause before each repetition.
func (c *Client) repeat(ctx context.Context, try func() error) error {
	pause := c.pause
	for n := 1; ; n++ {
		err := try()
		if err == nil || !isBroken(err) || n == tries || ctx.Err() != nil {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		pause *= 2
	}
}

// missing says whether a status means that the server does not have the route.
func missing(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// good says whether a status is a success.
func good(status int) bool { return status >= 200 && status < 300 }
