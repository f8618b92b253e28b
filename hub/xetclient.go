package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"longcat/hub/internal/wire"
	"longcat/hub/xet"
)

const (
	xetRead  xetAccess = "read"
	xetWrite xetAccess = "write"
)

// xet opens the repo's chunks, once, or returns nil where the Hub, or the
// client's configuration, has no Xet.
func (c *Client) xet(ctx context.Context, repo Repo, rev string, access xetAccess, createPR bool) (*xet.Client, error) {
	if c.cfg.NoXet {
		return nil, nil
	}
	key := storeKey{repo, revOr(rev), access, createPR}
	c.storesMu.Lock() // also so that many files of a repo ask for one token
	defer c.storesMu.Unlock()
	if open, ok := c.stores[key]; ok {
		return open, nil
	}
	open, err := c.openStore(ctx, key)
	if err == nil {
		c.stores[key] = open
	}
	return open, err
}

func (c *Client) openStore(ctx context.Context, key storeKey) (*xet.Client, error) {
	first, err := c.xetToken(ctx, key)
	var he *Error
	if errors.As(err, &he) && he.Status/100 == 4 && he.Status != http.StatusUnauthorized && he.Status != http.StatusForbidden {
		return nil, nil // an older or another kind of hub
	}
	if err != nil {
		return nil, err
	}
	tokens := func(ctx context.Context) (xet.Token, error) {
		if first.Access != "" {
			t := first
			first = xet.Token{}
			return t, nil
		}
		return c.xetToken(ctx, key)
	}
	return xet.New(xetDoer{c}, tokens, xet.Options{}), nil
}

func (c *Client) xetToken(ctx context.Context, key storeKey) (xet.Token, error) {
	repo := key.repo
	r := request{
		op: "opening the chunk store of", repo: repo, method: http.MethodGet, write: key.access == xetWrite,
		url: repo.apiPath("xet-"+string(key.access)+"-token", key.rev),
	}
	if key.createPR {
		r.url += "?create_pr=1"
	}
	var t wire.XetToken
	if _, err := c.call(ctx, r, &t); err != nil {
		return xet.Token{}, err
	}
	cas, err := url.Parse(t.CASURL)
	switch {
	case err != nil, t.AccessToken == "", t.CASURL == "":
		return xet.Token{}, fmt.Errorf("opening the chunk store of %q: the hub names no token or no address", repo)
	case cas.Scheme != "https" && c.endpoint.Scheme == "https":
		return xet.Token{}, fmt.Errorf("opening the chunk store of %q: the hub, which speaks https, names a store at %s that does not", repo, c.clean(cas.Scheme+"://"+cas.Host, 200))
	}
	token := xet.Token{CAS: t.CASURL, Access: t.AccessToken}
	if t.Exp > 0 {
		token.Expires = time.Unix(t.Exp, 0)
	}
	return token, nil
}

// xetDoer sends the Xet client's requests the way all others go. A redirect of
// a request that carries a token is not followed.
type xetDoer struct{ c *Client }

func (d xetDoer) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if req.Header.Get("Authorization") != "" {
		ctx = context.WithValue(ctx, noRedirect{}, true)
	}
	if xet.Slow(ctx) {
		ctx = context.WithValue(ctx, answerWithin{}, answerPatience*d.c.cfg.StallTimeout)
	}
	open, size := req.GetBody, req.ContentLength
	if req.Body != nil {
		req.Body.Close()
	}
	plain := req.Clone(ctx)
	plain.Body, plain.GetBody, plain.ContentLength = nil, nil, 0
	plain.Header.Set("User-Agent", d.c.cfg.UserAgent)
	plain.Header.Set("Accept-Encoding", "identity")
	again, err := retryablehttp.FromRequest(plain)
	if err != nil {
		return nil, err
	}
	if open != nil {
		if err := again.SetBody(retryablehttp.ReaderFunc(func() (io.Reader, error) { return open() })); err != nil {
			return nil, err
		}
		again.ContentLength = size
	}
	how := repeatable
	if xet.Optional(req.Context()) {
		how = optional
	}
	return d.c.roundTrip(xet.Operation(req.Context()), again, how)
}
