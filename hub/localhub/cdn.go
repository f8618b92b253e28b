package localhub

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"longcat/hub/localhub/store"
)

// serveObject sends an object from a signed address. There is no token here:
// it is another host, as far as the client can tell. A file that is kept as a
// whole goes to the connection as it is, so that the kernel copies it.
func (h *Hub) serveObject(w http.ResponseWriter, c *call) error {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return err
	}
	oid := strings.TrimPrefix(c.URL.Path, "/-/cdn/")
	f, err := h.openObject(oid)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = h.fetchLinked(c, q, oid)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &apiError{Status: http.StatusNotFound, Message: "Object does not exist"}
	}
	if err != nil {
		return err
	}
	defer f.Close()
	kind, err := objectType(f, q.Get("name"))
	if err != nil {
		return err
	}
	setContentHeaders(w.Header(), kind, q.Get("name"))
	if l, ok := linkedFrom(q, oid); ok {
		h.tellLinked(w.Header(), c, l)
	}
	w.Header().Set("ETag", objectETag(oid))
	http.ServeContent(w, c.Request, "", time.Time{}, f)
	return nil
}

// objectType tells pictures from other objects. Only what is named like one is
// looked at: weights come in thousands of ranges, and to open their start for
// each would cost as much as to send it.
func objectType(content io.ReadSeeker, name string) (string, error) {
	const other = "application/octet-stream"
	switch strings.ToLower(path.Ext(name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg":
	default:
		return other, nil
	}
	start, err := peek(content)
	if kind := contentType(start, name); strings.HasPrefix(kind, "image/") {
		return kind, err
	}
	return other, err
}

// objectETag is the CDN's own name for an object. It is not the sha256: the
// Hub's CDN has other names too, and clients must not take it for one.
func objectETag(oid string) string { return `"` + store.BlobID([]byte(oid)) + `"` }
