package xet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"longcat/hub/xet/merkle"
)

// A PackedXorb is a serialized xorb, ready to be sent as often as needed.
type PackedXorb struct {
	Hash     merkle.Hash
	Size     int64  // bytes
	Checksum uint64 // see AddChecksum
	Open     func() (io.ReadCloser, error)
}

// errNoGrant is a server that does not give out grants, or none that work.
var errNoGrant = errors.New("no grant")

// PutXorb uploads a xorb. It says whether the xorb was sent: it is not if the
// server has it already.
func (c *Client) PutXorb(ctx context.Context, x PackedXorb) (sent bool, err error) {
	if !c.noGrants.Load() {
		sent, err = c.putByGrant(ctx, x)
		if !errors.Is(err, errNoGrant) {
			return sent, err
		}
	}
	return c.postXorb(ctx, x)
}

// putByGrant uploads straight into the server's store: it asks for an address,
// sends the xorb there and has the server take it over.
func (c *Client) putByGrant(ctx context.Context, x PackedXorb) (sent bool, err error) {
	for range tries {
		grant, err := c.grant(ctx, x)
		if err != nil || grant == nil {
			return false, err
		}
		again, err := c.putTo(ctx, grant, x)
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case again:
			continue
		case err != nil: // the address can not be reached from here, but the server may
			return false, errNoGrant
		}
		const op = "committing xorb"
		resp, err := c.send(ctx, request{
			op: op, method: http.MethodPost, slow: true,
			path: "/v1/xorb-commits/default/" + x.Hash.String() + "/grant/" + url.PathEscape(grant.ID),
		})
		switch {
		case err != nil:
			return false, err
		case good(resp.StatusCode):
			discard(resp)
			return true, nil
		case resp.StatusCode != http.StatusNotFound: // 404: what was sent did not arrive
			return false, refusal(op, x.Hash.String(), resp)
		}
		discard(resp)
	}
	return false, errNoGrant
}

// grant asks for leave to send x. It is nil if the server has x.
func (c *Client) grant(ctx context.Context, x PackedXorb) (*Grant, error) {
	text, err := json.Marshal(GrantRequest{x.Size, Checksum{ChecksumAlgo, x.Checksum}})
	if err != nil {
		return nil, err
	}
	const op = "asking to upload xorb"
	resp, err := c.send(ctx, request{
		op: op, method: http.MethodPost,
		path: "/v1/xorb-grants/default/" + x.Hash.String(),
		body: &body{int64(len(text)), func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(text)), nil
		}, "application/json"},
	})
	switch {
	case err != nil:
		return nil, err
	case missing(resp.StatusCode):
		discard(resp)
		c.noGrants.Store(true)
		return nil, errNoGrant
	case resp.StatusCode == http.StatusOK:
		discard(resp)
		return nil, nil
	case resp.StatusCode != http.StatusCreated:
		return nil, refusal(op, x.Hash.String(), resp)
	}
	grant := new(Grant)
	if err := decode(op, resp, grant); err != nil {
		return nil, err
	}
	return grant, nil
}

// putTo sends x to where the grant says, with the grant's headers and no
// token. If the address refuses in a way that a new grant may mend, again is
// true.
func (c *Client) putTo(ctx context.Context, g *Grant, x PackedXorb) (again bool, err error) {
	address, err := signed(g.URL)
	if err != nil {
		return false, err
	}
	req, err := newRequest(ctx, "uploading xorb", g.Method, address, &body{x.Size, x.Open, ""})
	if err != nil {
		return false, err
	}
	for name, value := range g.Headers {
		req.Header.Set(name, value)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return false, redact(err)
	}
	defer discard(resp)
	switch resp.StatusCode {
	case http.StatusPreconditionFailed: // an attempt before this one had arrived
		return false, nil
	case http.StatusBadRequest, http.StatusForbidden, http.StatusConflict:
		return true, nil
	}
	if !good(resp.StatusCode) {
		return false, fmt.Errorf("the address answered %d", resp.StatusCode)
	}
	return false, nil
}

// signed parses the address that a server made for one request.
func signed(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("the server gave an address that is none")
	}
	return u, nil
}

// postXorb uploads through the server. Whether the xorb is there is not asked
// before: a server may delete one that nothing refers to, and only a POST keeps
// it from that.
func (c *Client) postXorb(ctx context.Context, x PackedXorb) (sent bool, err error) {
	const op = "uploading xorb"
	resp, err := c.send(ctx, request{
		op: op, method: http.MethodPost, slow: true, path: "/v1/xorbs/default/" + x.Hash.String(),
		body: &body{x.Size, x.Open, "application/octet-stream"},
	})
	if err != nil {
		return false, err
	}
	if !good(resp.StatusCode) {
		return false, refusal(op, x.Hash.String(), resp)
	}
	discard(resp)
	return true, nil
}
