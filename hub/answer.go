package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// maxJSON bounds one JSON answer. A page of a tree has at most 1,000 entries.
const maxJSON = 32 << 20

// cutError is an answer that broke off.
type cutError struct{ err error }

func (e *cutError) Error() string { return "the answer broke off: " + e.err.Error() }
func (e *cutError) Unwrap() error { return e.err }

// PageError is a web page in place of the answer of a hub, with a status that
// says that all is well: what the login page of a network (a captive portal), a
// proxy's notice or the wrong endpoint give.
type PageError struct {
	Host string // that the page came from
}

func (e *PageError) Error() string {
	return fmt.Sprintf("%s answers with a web page: it is no hub, or something in between (a network's login page, a proxy) answers for it", e.Host)
}

// isPage tells a web page by its type.
func isPage(resp *http.Response) bool {
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return err == nil && (kind == "text/html" || kind == "application/xhtml+xml")
}

// stream is what decodes itself piece by piece, so that what arrives is bounded
// before it is in memory.
type stream interface {
	decode(*json.Decoder) error
}

// decodeJSON reads a whole answer, and decodes it unless out is nil.
func decodeJSON(resp *http.Response, out any) error {
	body := &boundedBody{r: resp.Body, left: maxJSON}
	if out == nil {
		_, err := io.Copy(io.Discard, body)
		return body.judge(err)
	}
	d := json.NewDecoder(body)
	var err error
	if s, ok := out.(stream); ok {
		err = s.decode(d)
	} else {
		err = d.Decode(out)
	}
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("more follows behind its end")
		}
	}
	if err = body.judge(err); err == nil || errors.As(err, new(*cutError)) || body.left < 0 {
		return err
	}
	if isPage(resp) {
		return &PageError{resp.Request.URL.Host}
	}
	return fmt.Errorf("the answer is not the JSON that a hub gives: %w", err)
}

// boundedBody ends an answer that is too long, and remembers why reading ended.
type boundedBody struct {
	r    io.Reader
	left int64 // negative: the answer was too long
	err  error
}

var errTooLong = fmt.Errorf("the answer is larger than %d bytes", maxJSON)

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errTooLong
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// judge says whether an error of decoding is one of reading.
func (b *boundedBody) judge(err error) error {
	switch {
	case b.left < 0:
		return errTooLong
	case b.err != nil:
		return &cutError{b.err}
	}
	return err
}

// absolute completes an address without a host.
func (c *Client) absolute(addr string) string {
	u, err := c.endpoint.Parse(addr)
	if err != nil || addr == "" {
		return addr
	}
	return u.String()
}
