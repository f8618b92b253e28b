package hub

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"longcat/internal/plaintext"
)

// debugTransport tells of every request on the wire, retries and redirects each
// by itself, when it is answered. Of an address only the host, the path and
// harmless parameters are told, and of headers those that explain a transfer:
// signatures and tokens stand in the others.
type debugTransport struct {
	tell func(line string)
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (d *debugTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	resp, err := d.next.RoundTrip(req)
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s%s", req.Method, debugURL(req.URL), debugHeaders(req.Header, "Range"))
	if req.ContentLength > 0 {
		fmt.Fprintf(&b, " (%d bytes)", req.ContentLength)
	}
	if err != nil {
		fmt.Fprintf(&b, ": %v", err)
	} else {
		fmt.Fprintf(&b, ": %d%s", resp.StatusCode, debugHeaders(resp.Header, "Content-Length", "Content-Range", "ETag", "X-Error-Code", "Retry-After", "RateLimit", "X-Request-Id"))
	}
	fmt.Fprintf(&b, " in %d ms", time.Since(began).Milliseconds())
	d.tell(plaintext.Line(b.String(), 1000))
	return resp, err
}

// debugURL is an address without the values of parameters that may be secrets.
func debugURL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	var params []string
	for name, values := range u.Query() {
		switch name {
		case "recursive", "expand", "limit", "create_pr", "author", "search":
			params = append(params, name+"="+strings.Join(values, ","))
		default:
			params = append(params, name+"=…")
		}
	}
	if len(params) == 0 {
		return shown.String()
	}
	return shown.String() + "?" + strings.Join(params, "&")
}

func debugHeaders(h http.Header, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		if v := h.Get(name); v != "" {
			fmt.Fprintf(&b, " %s=%q", name, v)
		}
	}
	return b.String()
}
