package localhub

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// objectAddress is a signed address of an object. The file's name goes along,
// so that browsers and curl -OJ know what to call it.
func (h *Hub) objectAddress(c *call, oid, name string) string {
	return h.cdn(c) + h.signer.sign("/-/cdn/"+oid, url.Values{"name": {name}}, h.opts.AddressTTL)
}

// serveObject sends an object from a signed address. There is no token here:
// it is another host, as far as the client can tell. The file goes to the
// connection as it is, so that the kernel copies it.
func (h *Hub) serveObject(w http.ResponseWriter, c *call) error {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return err
	}
	oid := strings.TrimPrefix(c.URL.Path, "/-/cdn/")
	f, err := os.Open(h.store.objectPath(oid))
	if errors.Is(err, fs.ErrNotExist) {
		return &apiError{Status: http.StatusNotFound, Message: "Object does not exist"}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	start := make([]byte, 512)
	n, err := f.ReadAt(start, 0)
	if err != nil && err != io.EOF {
		return err
	}
	kind := contentType(start[:n], q.Get("name"))
	if !strings.HasPrefix(kind, "image/") {
		kind = "application/octet-stream"
	}
	setContentHeaders(w.Header(), kind, q.Get("name"))
	w.Header().Set("ETag", objectETag(oid))
	http.ServeContent(w, c.Request, "", time.Time{}, f)
	return nil
}

// objectETag is the CDN's own name for an object. It is not the sha256: the
// Hub's CDN has other names too, and clients must not take it for one.
func objectETag(oid string) string { return `"` + gitID("object", []byte(oid)) + `"` }
