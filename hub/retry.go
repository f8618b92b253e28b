package hub

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// Who repeats what, and for how long, is decided here; docs/retries.md has the
// table. Everything that goes over the wire passes [Client.roundTrip].

const (
	// answerTries is how often a request is sent that the server answers with
	// its own failure (500), or whose answer breaks off.
	answerTries = 6
	// unknownHostFor is how long a host is tried that never answered this client.
	unknownHostFor = 10 * time.Second
	// outagePause is the longest pause while a host can not be reached, so that
	// work goes on as soon as the network is back.
	outagePause = 4 * time.Second
	// leastAskedPause is the shortest one after a server said when to come again:
	// "in 0 seconds" is within this second.
	leastAskedPause = time.Second
)

// attempts is one request's history, carried by its context.
type attempts struct {
	host    string // that it is for
	kind    repeating
	failed  time.Time // when it failed first
	answers int       // failures that the server answered
}

type attemptsKey struct{}

// repeating tells how a request may be repeated.
type repeating int

const (
	repeatable repeating = iota
	once                 // its effect must not happen twice
	optional             // not worth it
)

// roundTrip sends a request and repeats it as the policy says. The answer may
// have any status; an error is a *NetworkError, or the context's cause.
func (c *Client) roundTrip(op string, req *retryablehttp.Request, kind repeating) (*http.Response, error) {
	history := &attempts{host: req.URL.Host, kind: kind}
	ctx := context.WithValue(req.Context(), attemptsKey{}, history)
	resp, err := c.http.Do(req.WithContext(ctx))
	switch {
	case err == nil:
		return resp, c.fromProxy(op, resp)
	case resp != nil:
		resp.Body.Close()
	}
	if cerr := req.Context().Err(); cerr != nil {
		return nil, fmt.Errorf("%s: %w", op, context.Cause(req.Context()))
	}
	return nil, c.networkError(op, req.Request, err)
}

// repeat decides whether a request is sent again.
func (c *Client) repeat(ctx context.Context, resp *http.Response, err error) (bool, error) {
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	a := ctx.Value(attemptsKey{}).(*attempts)
	if resp != nil {
		c.reached.Store(resp.Request.URL.Host, true)
	}
	if a.kind == optional {
		return false, nil
	}
	now := time.Now()
	if a.failed.IsZero() {
		a.failed = now
	}
	within := func(limit time.Duration) bool { return now.Sub(a.failed) < min(limit, c.cfg.RetryFor) }
	if err != nil {
		host := failedHost(err, a.host)
		reached := c.hasReached(host)
		switch {
		case permanent(err), a.kind == once && !notConnected(err), !reached && refused(err):
			return false, nil
		case reached:
			return within(c.cfg.RetryFor), nil
		}
		return within(unknownHostFor), nil
	}
	if a.kind == once && !later(resp) {
		return false, nil
	}
	switch status := resp.StatusCode; {
	case unavailable(status):
		return within(c.cfg.RetryFor), nil
	case passing(status):
		a.answers++
		return a.answers < answerTries && c.cfg.RetryFor > 0, nil
	}
	return false, nil
}

// later tells answers that say that nothing was done. A bare 503 does not: it
// may come from a proxy that lost the answer.
func later(resp *http.Response) bool {
	return resp.StatusCode == http.StatusTooManyRequests ||
		resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != ""
}

// unavailable tells the statuses of a server that is not there, or has no time:
// as with one that can not be reached, only time helps.
func unavailable(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// passing tells the statuses of a failure that may be gone at the next try.
func passing(status int) bool {
	switch status {
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported, http.StatusInsufficientStorage:
		return false
	}
	return status >= 500
}

// pauseBefore is the pause before the next attempt, of which the caller is told.
func (c *Client) pauseBefore(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	if resp == nil {
		most = min(most, outagePause)
	}
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

// backoff waits what the server asks for, or an exponential, jittered pause if
// that is longer.
func backoff(least, most time.Duration, attempt int, resp *http.Response) time.Duration {
	d := min(least<<min(attempt, 20), most)
	d = d/2 + rand.N(d/2+1)
	if resp != nil && (resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable) {
		if asked, ok := askedWait(resp.Header, time.Now()); ok {
			return max(d, min(max(asked, leastAskedPause), MaxRateLimitWait))
		}
	}
	return d
}

var (
	rateLimitLeft  = regexp.MustCompile(`;\s*r\s*=\s*0\s*(?:;|$)`)
	rateLimitReset = regexp.MustCompile(`;\s*t\s*=\s*(\d{1,9})\s*(?:;|$)`)
)

// askedWait reads Retry-After (seconds or a date), else RateLimit's t where r
// is 0: `"api";r=0;t=57`, which is over within the second after. Of several
// exhausted buckets the longest counts.
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
			d, ok = max(d, time.Duration(n+1)*time.Second), true
		}
	}
	return d, ok
}

// patience of work that goes on where it broke off (a range, an answer's body):
// it bears so many failures in a row, with no byte between. What such a failure
// asks for next is repeated by itself.
type patience struct {
	c       *Client
	arrived *atomic.Int64 // bytes of the work that came, for whichever worker; may be nil
	seen    int64         // of them at the last failure
	fails   int
}

// after pauses after a failure, or returns err when it was one too many.
func (p *patience) after(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.arrived != nil && p.arrived.Load() != p.seen {
		p.fails, p.seen = 0, p.arrived.Load()
	}
	if p.fails++; p.fails >= answerTries || p.c.cfg.RetryFor < 0 || errors.As(err, new(*NetworkError)) {
		return err
	}
	return pause(ctx, backoff(p.c.cfg.RetryWaitMin, p.c.cfg.RetryWaitMax, p.fails-1, nil))
}

// pause waits, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
