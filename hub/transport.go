package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// newHTTP builds the two clients that every request goes through. From the
// outside in: retry → redirects → token guard → stall watch → wire.
func (c *Client) newHTTP() (api, once *retryablehttp.Client) {
	base := c.cfg.Transport
	if base == nil {
		base = newTransport()
	}
	std := &http.Client{
		Transport:     &tokenGuard{origin: c.endpoint, auth: c.authorization(), next: &stallWatch{limit: c.cfg.StallTimeout, next: base}},
		CheckRedirect: checkRedirect,
	}
	build := func(retry retryablehttp.CheckRetry) *retryablehttp.Client {
		return &retryablehttp.Client{
			HTTPClient:   std,
			RetryMax:     max(c.cfg.Retries, 0),
			RetryWaitMin: c.cfg.RetryWaitMin,
			RetryWaitMax: c.cfg.RetryWaitMax,
			CheckRetry:   retry,
			Backoff:      backoff,
			ErrorHandler: retryablehttp.PassthroughErrorHandler, // the last answer, not "giving up"
		}
	}
	return build(retryRepeatable), build(retryOnce)
}

// newTransport is tuned for bulk: HTTP/1.1, so that parallel ranges are
// parallel connections; no transparent gzip, so that lengths are the file's.
func newTransport() *http.Transport {
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSHandshakeTimeout:   15 * time.Second,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   64,
		DisableCompression:    true,
		WriteBufferSize:       256 << 10,
		ReadBufferSize:        64 << 10,
		Protocols:             new(http.Protocols),
	}
	t.Protocols.SetHTTP1(true)
	return t
}

// tokenGuard lets the token through to the endpoint's origin only. Go forwards
// it on redirects to sub-domains and to other ports of the same host; neither
// is the Hub. What an LFS server asks to be sent to its storage may pass.
type tokenGuard struct {
	origin *url.URL
	auth   string // the header that holds the token
	next   http.RoundTripper
}

func (g *tokenGuard) RoundTrip(req *http.Request) (*http.Response, error) {
	if g.auth != "" && req.Header.Get("Authorization") == g.auth && !sameOrigin(g.origin, req.URL) {
		req = req.Clone(req.Context())
		req.Header.Del("Authorization")
	}
	return g.next.RoundTrip(req)
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(a.Host, b.Host)
}

// checkRedirect follows up to ten redirects of reads and none of writes: a
// POST that silently becomes a GET is worse than an error.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("more than 10 redirects")
	}
	if m := via[0].Method; m != http.MethodGet && m != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if via[0].Context().Value(noRedirect{}) != nil {
		return http.ErrUseLastResponse
	}
	return nil
}

// noRedirect, as a context key, makes redirects answers of their own.
type noRedirect struct{}

// retryRepeatable retries what may pass: connection errors, 408, 429, 5xx.
func retryRepeatable(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if err != nil {
		return !permanent(err), nil
	}
	return passing(resp.StatusCode), nil
}

// retryOnce retries only where the server can not have acted: the connection
// was never made, or it said "later".
func retryOnce(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if err != nil {
		var op *net.OpError
		return errors.As(err, &op) && op.Op == "dial" && !permanent(err), nil
	}
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable, nil
}

// passing tells the statuses that may be gone at the next try.
func passing(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// permanent tells errors that no repetition mends.
func permanent(err error) bool {
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case errors.As(err, &cert), errors.As(err, &authority):
		return true
	case errors.As(err, &dns):
		return dns.IsNotFound
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return true
	}
	var u *url.Error
	if errors.As(err, &u) {
		return strings.Contains(u.Err.Error(), "redirects") || strings.Contains(u.Err.Error(), "unsupported protocol scheme")
	}
	return false
}

// backoff waits what the server asks for, else an exponential, jittered pause.
func backoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp != nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		if d, ok := askedWait(resp.Header, time.Now()); ok {
			return min(d, MaxRateLimitWait)
		}
	}
	d := min(least<<min(attempt, 20), most)
	return d/2 + rand.N(d/2+1)
}

var rateLimit = regexp.MustCompile(`;\s*([rt])\s*=\s*(\d{1,9})`)

// askedWait reads Retry-After (seconds or a date), else RateLimit's t when its
// r is 0: `"api";r=0;t=57`.
func askedWait(h http.Header, now time.Time) (time.Duration, bool) {
	if s := strings.TrimSpace(h.Get("Retry-After")); s != "" {
		if n, err := strconv.ParseUint(s, 10, 32); err == nil {
			return time.Duration(n) * time.Second, true
		}
		if t, err := http.ParseTime(s); err == nil {
			return max(t.Sub(now), 0), true
		}
	}
	left, reset := -1, -1
	for _, m := range rateLimit.FindAllStringSubmatch(h.Get("RateLimit"), -1) {
		n, _ := strconv.Atoi(m[2])
		if m[1] == "r" {
			left = n
		} else {
			reset = n
		}
	}
	return time.Duration(reset) * time.Second, left == 0 && reset >= 0
}

// stallWatch ends a request when no byte moves for limit: while the body is
// sent, while the answer is awaited, while it is read. Once the whole request
// is sent, a write may take ten times as long to be answered: servers hash
// gigabytes before they say yes.
type stallWatch struct {
	limit time.Duration
	next  http.RoundTripper
}

const answerPatience = 10

func (s *stallWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	limit := s.limit
	if d, ok := ctx.Value(answerWithin{}).(time.Duration); ok {
		limit = d
	}
	timer := time.AfterFunc(limit, func() { cancel(ErrStalled) })
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = &sentBody{ReadCloser: req.Body, timer: timer, limit: s.limit}
	} else if req.Method != http.MethodGet && req.Method != http.MethodHead {
		timer.Reset(answerPatience * s.limit)
	}
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		timer.Stop()
		defer cancel(nil)
		return nil, causeOr(ctx, err)
	}
	timer.Stop() // only waiting in Read counts: a slow reader is no stall
	resp.Body = &readBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timer: timer, limit: s.limit}
	return resp, nil
}

// answerWithin, as a context key, is the longest wait for an answer's head.
type answerWithin struct{}

// causeOr names the stall behind a "context canceled".
func causeOr(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), ErrStalled) {
		return ErrStalled
	}
	return err
}

type sentBody struct {
	io.ReadCloser
	timer *time.Timer
	limit time.Duration
}

// Read runs when the wire has taken all before; a slow source is no stall.
func (b *sentBody) Read(p []byte) (int, error) {
	b.timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.timer.Reset(answerPatience * b.limit)
	} else {
		b.timer.Reset(b.limit)
	}
	return n, err
}

type readBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (b *readBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF {
		err = causeOr(b.ctx, err)
	}
	return n, err
}

func (b *readBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
