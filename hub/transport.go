package hub

import (
	"errors"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-retryablehttp"
)

// newHTTP builds the client that every request goes through. From the outside
// in: retry → redirects → token guard → gzip → stall watch → wire.
func (c *Client) newHTTP() *retryablehttp.Client {
	base := c.cfg.Transport
	if base == nil {
		base = newTransport(c.cfg.Proxy, c.cfg.Rate)
	}
	if c.cfg.Debug != nil {
		base = &debugTransport{tell: c.cfg.Debug, next: base}
	}
	std := &http.Client{
		Transport:     &tokenGuard{origin: c.endpoint, auth: c.authorization(), next: &gunzip{&stallWatch{limit: c.cfg.StallTimeout, next: base}}},
		CheckRedirect: checkRedirect,
	}
	return &retryablehttp.Client{
		HTTPClient:   std,
		RetryMax:     math.MaxInt, // Client.repeat ends it
		RetryWaitMin: c.cfg.RetryWaitMin,
		RetryWaitMax: c.cfg.RetryWaitMax,
		CheckRetry:   c.repeat,
		Backoff:      c.pauseBefore,
		ErrorHandler: retryablehttp.PassthroughErrorHandler, // the last answer, not "giving up"
	}
}

// dialer finds a connection that is dead, as after an outage, within a minute,
// however long a server may take to answer on one that is not.
var dialer = &net.Dialer{
	Timeout:         15 * time.Second,
	KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 10 * time.Second, Count: 3},
}

// newTransport is tuned for bulk: HTTP/1.1, so that parallel ranges are
// parallel connections; no transparent gzip, so that lengths are the file's.
func newTransport(proxy func(*http.Request) (*url.URL, error), bytesPerSecond int64) *http.Transport {
	t := &http.Transport{
		Proxy:                  proxy,
		OnProxyConnectResponse: onConnect,
		DialContext:            paced(dialer.DialContext, bytesPerSecond),
		TLSHandshakeTimeout:    15 * time.Second,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    64,
		DisableCompression:     true,
		WriteBufferSize:        256 << 10,
		ReadBufferSize:         64 << 10,
		Protocols:              new(http.Protocols),
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

// checkRedirect follows up to ten redirects of reads. Of writes it follows only
// those that stay on the server and keep the method: a POST that silently
// becomes a GET is worse than an error.
func checkRedirect(req *http.Request, via []*http.Request) error {
	req.Header.Del("Referer") // it is the address before, which may be signed
	if len(via) >= 10 {
		return errors.New("more than 10 redirects")
	}
	reads := via[0].Method == http.MethodGet || via[0].Method == http.MethodHead
	if !reads && (req.Method != via[0].Method || !sameOrigin(req.URL, via[0].URL)) {
		return http.ErrUseLastResponse
	}
	if via[0].Context().Value(noRedirect{}) != nil {
		return http.ErrUseLastResponse
	}
	return nil
}

// noRedirect, as a context key, makes redirects answers of their own.
type noRedirect struct{}
