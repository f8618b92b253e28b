package xet

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// A Token opens a CAS server for a while. The Hub gives it for one repo and
// one scope: writing includes reading.
type Token struct {
	CAS     string    // the server's address
	Access  string    // goes in the Authorization header, to that server only
	Expires time.Time // zero for never
}

// A TokenSource asks the Hub for a fresh token. It is called again when the
// last one is about to expire or is refused.
type TokenSource func(context.Context) (Token, error)

// earlier is how long before its expiry a token is not used any more.
// Source: docs/xet/auth.md.
const earlier = 30 * time.Second

// Server is the address of the server, without a slash at its end: repos may be
// kept by different ones, which do not know each other's xorbs.
func (c *Client) Server(ctx context.Context) (string, error) {
	_, base, err := c.current(ctx, "")
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(base.String(), "/"), nil
}

// current gives a token that has not expired and is not the refused one.
func (c *Client) current(ctx context.Context, refused string) (Token, *url.URL, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	expired := !c.token.Expires.IsZero() && !c.now().Before(c.token.Expires.Add(-earlier))
	if c.token.CAS == "" || expired || refused != "" && c.token.Access == refused {
		fresh, err := c.tokens(ctx)
		if err != nil {
			return Token{}, nil, fmt.Errorf("getting a xet token: %w", err)
		}
		c.token = fresh
	}
	base, err := url.Parse(c.token.CAS)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return Token{}, nil, fmt.Errorf("getting a xet token: the hub named no address of a CAS server")
	}
	return c.token, base, nil
}
