package localhub

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const rateWindow = 5 * time.Minute

// limiter counts requests in fixed windows, per bucket and caller.
type limiter struct {
	quota int // 0: count nothing

	mu    sync.Mutex
	ends  time.Time // of the window
	taken map[string]int
}

// announced are the quotas that the Hub itself has, anonymous and with a
// token: what the headers say when nothing is enforced.
var announced = map[string][2]int{
	"api":       {500, 1000},
	"resolvers": {3000, 5000},
	"pages":     {100, 200},
}

// bucket is the quota that a request counts against.
func bucket(path string) string {
	switch {
	case strings.Contains(path, "/resolve/"), strings.Contains(path, "/raw/"), strings.HasPrefix(path, "/api/resolve-cache/"):
		return "resolvers"
	case strings.HasPrefix(path, "/api/"), strings.Contains(path, "/info/lfs/"):
		return "api"
	}
	return "pages"
}

// take counts one request, says in the answer's headers what is left, and
// refuses when nothing is.
func (l *limiter) take(header http.Header, c *call, now time.Time) error {
	bucket := bucket(c.URL.Path)
	caller, known := c.RemoteAddr, 0
	if host, _, err := net.SplitHostPort(caller); err == nil {
		caller = host
	}
	if c.token != nil {
		caller, known = "@"+c.token.User, 1
	}
	l.mu.Lock()
	if !now.Before(l.ends) {
		l.ends, l.taken = now.Add(rateWindow), map[string]int{}
	}
	reset := int((l.ends.Sub(now) + time.Second - 1) / time.Second)
	quota := l.quota
	left := quota
	if quota > 0 {
		key := bucket + " " + caller
		l.taken[key]++
		left = quota - l.taken[key]
	} else {
		quota = announced[bucket][known]
		left = quota
	}
	l.mu.Unlock()

	header.Set("RateLimit", fmt.Sprintf(`"%s";r=%d;t=%d`, bucket, max(left, 0), reset))
	header.Set("RateLimit-Policy", fmt.Sprintf(`"fixed window";"%s";q=%d;w=%d`, bucket, quota, int(rateWindow/time.Second)))
	if left < 0 {
		return &apiError{Status: http.StatusTooManyRequests, Message: fmt.Sprintf("We had to rate limit you, you hit the quota of %d %s requests per %v", quota, bucket, rateWindow)}
	}
	return nil
}
