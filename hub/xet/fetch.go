package xet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"longcat/hub/xet/xorb"
)

const fetching = "fetching from a xorb"

// errExpired is a signed address that is not valid any more.
var errExpired = errors.New("fetching from a xorb: the server refused the address that it had signed")

// fetch gets the bytes of span from a signed address. No token goes there. A
// server may answer with just the span, with a multipart document that has the
// span in it, or with the whole xorb.
func (c *Client) fetch(ctx context.Context, text string, span Span) (io.ReadCloser, error) {
	address, err := signed(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fetching, err)
	}
	req, err := newRequest(ctx, fetching, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fetching, err)
	}
	req.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", span.Start, span.End))
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, failed(fetching, err)
	}
	size := span.End - span.Start + 1
	switch resp.StatusCode {
	case http.StatusForbidden, http.StatusUnauthorized, http.StatusGone:
		discard(resp)
		return nil, errExpired
	case http.StatusPartialContent:
		r, err := part(resp, span)
		if err != nil {
			resp.Body.Close()
			return nil, err
		}
		return limited{io.LimitReader(r, size), resp.Body}, nil
	case http.StatusOK: // either the range was ignored, or only the status is wrong
		if resp.ContentLength != size {
			if _, err := io.CopyN(io.Discard, resp.Body, span.Start); err != nil {
				resp.Body.Close()
				return nil, broken(fmt.Errorf("%s: %w", fetching, err))
			}
		}
		return limited{io.LimitReader(resp.Body, size), resp.Body}, nil
	}
	return nil, refusal(fetching, "", resp)
}

type limited struct {
	io.Reader
	io.Closer
}

// maxBefore bounds what may stand before the span in an answer of several parts.
const maxBefore = xorb.MaxBytes

// part finds the span in a partial answer.
func part(resp *http.Response, span Span) (io.Reader, error) {
	kind, params, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		return resp.Body, startsAt(resp.Header.Get("Content-Range"), span)
	}
	parts := multipart.NewReader(io.LimitReader(resp.Body, maxBefore+span.End-span.Start), params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			return nil, broken(fmt.Errorf("%s: looking for bytes %d to %d: %w", fetching, span.Start, span.End, err))
		}
		if startsAt(p.Header.Get("Content-Range"), span) == nil {
			return p, nil
		}
	}
}

// startsAt makes sure that a Content-Range, where there is one, is of the span.
func startsAt(header string, span Span) error {
	var start int64
	if header == "" {
		return nil
	}
	if _, err := fmt.Sscanf(header, "bytes %d-", &start); err != nil || start != span.Start {
		return fmt.Errorf("%s: asked for bytes %d to %d, got %q", fetching, span.Start, span.End, header)
	}
	return nil
}
