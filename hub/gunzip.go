package hub

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// gunzip unpacks answers that a server, or something before it, compressed
// though it was asked not to.
type gunzip struct{ next http.RoundTripper }

func (g *gunzip) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil || resp.Header.Get("Content-Encoding") != "gzip" {
		return resp, err
	}
	if resp.StatusCode == http.StatusPartialContent {
		resp.Body.Close()
		return nil, errors.New("the server compresses (gzip) a range of a file, which no client can place")
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length") // it is the compressed one's
	resp.ContentLength, resp.Uncompressed = -1, true
	if req.Method != http.MethodHead {
		resp.Body = &gunzipBody{packed: resp.Body}
	}
	return resp, nil
}

// gunzipBody begins to read when it is read.
type gunzipBody struct {
	packed io.ReadCloser
	r      *gzip.Reader
}

func (b *gunzipBody) Read(p []byte) (int, error) {
	if b.r == nil {
		r, err := gzip.NewReader(b.packed)
		if err != nil {
			return 0, fmt.Errorf("unpacking the answer (gzip): %w", err)
		}
		b.r = r
	}
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("unpacking the answer (gzip): %w", err)
	}
	return n, err
}

func (b *gunzipBody) Close() error { return b.packed.Close() }
