package hub

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

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
// was never made, or the server said "later". A bare 503 says nothing: it may
// come from a proxy that lost the answer.
func retryOnce(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	if err != nil {
		var op *net.OpError
		return errors.As(err, &op) && op.Op == "dial" && !permanent(err), nil
	}
	later := resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != ""
	return later || resp.StatusCode == http.StatusTooManyRequests, nil
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
		text := u.Err.Error()
		return strings.Contains(text, "redirects") || strings.Contains(text, "unsupported protocol scheme") || strings.Contains(text, "parse Location header")
	}
	return false
}

// announced is backoff, of which the caller is told.
func (c *Client) announced(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	d := backoff(least, most, attempt, resp)
	if c.cfg.Waiting == nil {
		return d
	}
	reason := "the server can not be reached"
	switch {
	case resp == nil:
	case resp.StatusCode == http.StatusTooManyRequests:
		reason = "the server's rate limit is reached"
	default:
		reason = fmt.Sprintf("the server answers %d (%s)", resp.StatusCode, http.StatusText(resp.StatusCode))
	}
	c.cfg.Waiting(reason, d)
	return d
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

var (
	rateLimitLeft  = regexp.MustCompile(`;\s*r\s*=\s*0\s*(?:;|$)`)
	rateLimitReset = regexp.MustCompile(`;\s*t\s*=\s*(\d{1,9})\s*(?:;|$)`)
)

// askedWait reads Retry-After (seconds or a date), else RateLimit's t where r
// is 0: `"api";r=0;t=57`. Of several exhausted buckets the longest counts.
func askedWait(h http.Header, now time.Time) (d time.Duration, ok bool) {
	if s := strings.TrimSpace(h.Get("Retry-After")); s != "" {
		if n, err := strconv.ParseUint(s, 10, 32); err == nil {
			return time.Duration(n) * time.Second, true
		}
		if t, err := http.ParseTime(s); err == nil {
			return max(t.Sub(now), 0), true
		}
	}
	for bucket := range strings.SplitSeq(strings.Join(h.Values("RateLimit"), ","), ",") {
		if m := rateLimitReset.FindStringSubmatch(bucket); m != nil && rateLimitLeft.MatchString(bucket) {
			n, _ := strconv.Atoi(m[1])
			d, ok = max(d, time.Duration(n)*time.Second), true
		}
	}
	return d, ok
}
