package hub

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// NetworkError is a request that no server answered: the connection was refused
// or broke, a name or a certificate is wrong, a proxy refuses. errors.Is and
// errors.As see through it.
type NetworkError struct {
	Op    string // what was tried, with its object
	Host  string // that was to be reached
	Proxy string // address of the proxy that was asked to, "" for none
	Err   error  // why; its text may quote addresses and what a server sent

	reason string // Err in words that are safe to show
	proxys bool   // it is the proxy that failed
}

func (e *NetworkError) Error() string {
	why := cmp.Or(e.reason, reason(e.Err))
	switch {
	case e.proxys:
		return fmt.Sprintf("%s: the proxy %s, asked for %s: %s", e.Op, e.Proxy, e.Host, why)
	case e.Proxy != "":
		return fmt.Sprintf("%s: talking to %s through the proxy %s: %s", e.Op, e.Host, e.Proxy, why)
	}
	return fmt.Sprintf("%s: talking to %s: %s", e.Op, e.Host, why)
}

func (e *NetworkError) Unwrap() error { return e.Err }

// networkError makes one of what the transport says of req.
func (c *Client) networkError(op string, req *http.Request, err error) error {
	e := &NetworkError{Op: op, Host: failedHost(err, req.URL.Host), Err: err}
	if u, ok := errors.AsType[*url.Error](err); ok {
		e.Err = u.Err // the address, which may be signed, stays out of reach
	}
	if proxy, perr := c.cfg.Proxy(req); perr == nil && proxy != nil {
		e.Proxy = proxy.Host
		if op, ok := errors.AsType[*net.OpError](err); ok {
			e.proxys = op.Op == "proxyconnect" || op.Op == "dial" || op.Op == "socks connect" // with a proxy nothing else is dialled
		}
		e.proxys = e.proxys || errors.As(err, new(*proxyError))
	}
	e.reason = c.clean(reason(e.Err), 500)
	return e
}

// failedHost is the host at which a request failed, which after redirects may be
// another than it was for.
func failedHost(err error, host string) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		if u, perr := url.Parse(e.URL); perr == nil && u.Host != "" {
			return u.Host
		}
	}
	return host
}

// reason is why a request failed in the fewest words.
func reason(err error) string {
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns.IsNotFound {
		return "there is no such host"
	}
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		return sys.Err.Error()
	}
	switch {
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, new(tls.RecordHeaderError)):
		return "it does not speak TLS: is the address https where it should be http?"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "the connection was cut"
	}
	return err.Error()
}

// permanent tells errors that no repetition mends.
func permanent(err error) bool {
	switch {
	case errors.As(err, new(*tls.CertificateVerificationError)), errors.As(err, new(x509.UnknownAuthorityError)),
		errors.As(err, new(tls.RecordHeaderError)), errors.Is(err, http.ErrSchemeMismatch),
		errors.As(err, new(*proxyError)), errors.Is(err, syscall.EADDRNOTAVAIL):
		return true
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		text := u.Err.Error()
		return strings.Contains(text, "redirects") || strings.Contains(text, "unsupported protocol scheme") || strings.Contains(text, "parse Location header")
	}
	return false
}

// notConnected tells failures before anything was sent.
func notConnected(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect")
}

// refused tells failures of a connection that a wrong address has, too.
func refused(err error) bool {
	dns, isDNS := errors.AsType[*net.DNSError](err)
	return errors.Is(err, syscall.ECONNREFUSED) || isDNS && dns.IsNotFound
}

// hasReached tells whether a host has ever answered.
func (c *Client) hasReached(host string) bool {
	_, ok := c.reached.Load(host)
	return ok
}

// proxyError is a proxy that refuses to connect.
type proxyError struct{ status string }

func (e *proxyError) Error() string { return "it answers " + e.status }

// onConnect keeps a proxy's refusal, of which the transport would tell the text.
func onConnect(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{resp.Status}
}

// fromProxy turns an answer that only a proxy gives into an error.
func (c *Client) fromProxy(op string, resp *http.Response) error {
	if resp.StatusCode != http.StatusProxyAuthRequired {
		return nil
	}
	resp.Body.Close()
	return c.networkError(op, resp.Request, &proxyError{resp.Status})
}
