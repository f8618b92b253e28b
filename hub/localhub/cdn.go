package localhub

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// objectAddress is a signed address of an object, with what its answer is to
// say about it.
func (h *Hub) objectAddress(c *call, oid string, about url.Values) string {
	return h.cdn(c) + h.signer.sign("/-/cdn/"+oid, about, h.opts.AddressTTL)
}

// serveObject sends an object from a signed address. There is no token here:
// it is another host, as far as the client can tell. A file that is kept as a
// whole goes to the connection as it is, so that the kernel copies it.
func (h *Hub) serveObject(w http.ResponseWriter, c *call) error {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return err
	}
	oid := strings.TrimPrefix(c.URL.Path, "/-/cdn/")
	f, err := h.store.openObject(oid)
	if errors.Is(err, fs.ErrNotExist) {
		return &apiError{Status: http.StatusNotFound, Message: "Object does not exist"}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	start, err := peek(f)
	if err != nil {
		return err
	}
	kind := contentType(start, q.Get("name"))
	if !strings.HasPrefix(kind, "image/") {
		kind = "application/octet-stream"
	}
	setContentHeaders(w.Header(), kind, q.Get("name"))
	if l, ok := linkedFrom(q, oid); ok {
		h.tellLinked(w.Header(), c, l)
	}
	w.Header().Set("ETag", objectETag(oid))
	http.ServeContent(w, c.Request, "", time.Time{}, f)
	return nil
}

// objectETag is the CDN's own name for an object. It is not the sha256: the
// Hub's CDN has other names too, and clients must not take it for one.
func objectETag(oid string) string { return `"` + gitID("object", []byte(oid)) + `"` }
