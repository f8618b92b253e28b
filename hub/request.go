package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hashicorp/go-retryablehttp"

	"longcat/hub/internal/wire"
)

// request is one call: what to send, and what to say when it fails.
type request struct {
	op     string // gerund, for errors
	repo   Repo
	path   string // file concerned, for errors
	method string
	url    string // path under the endpoint, or a whole address
	header http.Header
	body   func() (io.ReadCloser, error) // opens the body anew for each attempt; nil for none
	size   int64                         // of body, in bytes
	once   bool                          // its effect must not happen twice
	slow   bool                          // the server may work long before it answers
	write  bool                          // uses the token even where reads are anonymous
}

func (r *request) repeating() repeating {
	if r.once {
		return once
	}
	return repeatable
}

// jsonBody makes v the body.
func (r *request) jsonBody(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.bytesBody(b, "application/json")
	return nil
}

func (r *request) bytesBody(b []byte, contentType string) {
	r.body = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	r.size = int64(len(b))
	r.setHeader("Content-Type", contentType)
}

func (r *request) setHeader(k, v string) {
	if r.header == nil {
		r.header = http.Header{}
	}
	r.header.Set(k, v)
}

// do sends r and returns the answer whatever its status. The caller closes it.
func (c *Client) do(ctx context.Context, r request) (*http.Response, error) {
	if c.cfg.Offline {
		return nil, fmt.Errorf("%s: %w", r.what(), ErrOffline)
	}
	if r.slow {
		ctx = context.WithValue(ctx, answerWithin{}, answerPatience*c.cfg.StallTimeout)
	}
	addr := r.url
	if strings.HasPrefix(addr, "/") {
		addr = c.cfg.Endpoint + addr
	}
	req, err := http.NewRequestWithContext(ctx, r.method, addr, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what(), c.cleanError(err))
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	req.Header.Set("User-Agent", c.cfg.UserAgent)
	req.Header.Set("Accept-Encoding", "identity")
	if sameOrigin(c.endpoint, req.URL) && (r.write || !c.cfg.ImplicitTokenOff) && c.HasToken() {
		req.Header.Set("Authorization", c.authorization())
	}
	rreq, err := retryablehttp.FromRequest(req)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.what(), err)
	}
	if r.body != nil {
		open := r.body
		if err := rreq.SetBody(retryablehttp.ReaderFunc(func() (io.Reader, error) { return open() })); err != nil {
			return nil, fmt.Errorf("%s: %w", r.what(), err)
		}
		rreq.ContentLength = r.size // retryablehttp knows no length of a ReaderFunc's stream
	}
	resp, err := c.roundTrip(r.what(), rreq, r.repeating())
	if err != nil {
		return nil, err
	}
	c.warn(resp.Header.Get(wire.HeaderWarning))
	return resp, nil
}

// authorization is the header that carries the token, "" without one.
func (c *Client) authorization() string {
	if c.cfg.Token == "" {
		return ""
	}
	return "Bearer " + c.cfg.Token
}

// call sends r, wants a 2xx, and decodes the answer into out unless it is nil.
// An answer cut short is asked for again where that is safe.
func (c *Client) call(ctx context.Context, r request, out any) (http.Header, error) {
	p := patience{c: c}
	for {
		resp, err := c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 != 2 {
			return nil, c.errorFrom(resp, r.op, r.repo, r.path)
		}
		err = decodeJSON(resp, out)
		resp.Body.Close()
		var cut *cutError
		switch {
		case err == nil:
			return resp.Header, nil
		case !errors.As(err, &cut):
			return nil, fmt.Errorf("%s: %w", r.what(), err)
		}
		err = fmt.Errorf("%s: reading the answer: %w", r.what(), c.cleanError(cut.err))
		if r.once {
			return nil, err
		}
		if err := p.after(ctx, err); err != nil {
			return nil, err
		}
	}
}

// what names the call in errors that are not the Hub's.
func (r *request) what() string {
	repo := ""
	if r.repo.ID != "" {
		repo = r.repo.String()
	}
	return phrase(r.op, repo, r.path)
}

// warn passes on X-HF-Warning ("topic; text"), each topic once.
func (c *Client) warn(header string) {
	if header == "" || c.cfg.Warn == nil {
		return
	}
	topic, text, ok := strings.Cut(header, ";")
	if !ok {
		topic, text = "", header
	}
	topic = strings.TrimSpace(topic)
	c.warnMu.Lock()
	seen := c.warned[topic] || len(c.warned) == maxWarnings
	if !seen {
		c.warned[topic] = true
	}
	c.warnMu.Unlock()
	if !seen {
		c.cfg.Warn(c.clean(topic, 100), c.clean(text, 500))
	}
}

// maxWarnings bounds how many topics one client passes on.
const maxWarnings = 100
