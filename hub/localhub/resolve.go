package localhub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// resolveFile answers GET and HEAD /{repo}/resolve/{rev}/{path}, and the
// resolve-cache, which is the same at a commit.
func (h *Hub) resolveFile(w http.ResponseWriter, c *call) error {
	at, f, err := c.file()
	header := w.Header()
	if at != nil { // also if it lacks the file: clients note that
		header.Set(wire.HeaderRepoCommit, at.ID)
	}
	if err != nil {
		return err
	}
	header.Set("Accept-Ranges", "bytes")
	if f.LFS != "" {
		if _, kept := h.objectSize(f.LFS); !kept && h.above == nil {
			return leftOut(f)
		}
		l := linked{repo: c.id.Type.Plural() + "/" + c.id.Name, commit: at.ID, sha256: f.LFS, size: f.Size}
		h.tellLinked(header, c, l)
		header.Set("Cache-Control", "no-store")
		about := url.Values{"name": {f.Path}} // so that browsers and curl -OJ know what to call it
		if h.opts.CDN == "" || h.above != nil {
			l.addTo(about)
		}
		redirect(w, c, http.StatusFound, h.objectAddress(c, f.LFS, about))
		return nil
	}
	if c.rev != at.ID {
		header.Set(wire.HeaderLinkedEtag, `"`+f.OID+`"`)
		location := "/api/resolve-cache/" + c.id.Type.Plural() + "/" + c.id.Name + "/" + at.ID + "/" + escapePath(f.Path) +
			"?" + url.QueryEscape(c.URL.EscapedPath()) + "=&etag=" + url.QueryEscape(`"`+f.OID+`"`)
		redirect(w, c, http.StatusTemporaryRedirect, location)
		return nil
	}
	return h.serveBlob(w, c, at, f)
}

// file is the file that the address names, and the commit it is in, or should
// be in.
func (c *call) file() (*store.Commit, store.File, error) {
	at, err := c.commit()
	if err != nil {
		return nil, store.File{}, err
	}
	f, ok := at.Find(c.path)
	if !ok {
		return at, store.File{}, noEntry("Entry not found")
	}
	return at, f, nil
}

// escapePath escapes a path for a URL, "/" excepted.
func escapePath(p string) string {
	parts := strings.Split(p, "/")
	for i, s := range parts {
		parts[i] = url.PathEscape(s)
	}
	return strings.Join(parts, "/")
}

// redirect answers with a location and a text that says so.
func redirect(w http.ResponseWriter, c *call, status int, location string) {
	if strings.HasPrefix(location, "/") && c.public != "" { // the client's own path may be longer than ours
		if u, err := url.Parse(c.public); err == nil {
			location = u.Path + location
		}
	}
	text := http.StatusText(status) + ". Redirecting to " + location
	w.Header().Set("Location", location)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	if c.Method != http.MethodHead {
		io.WriteString(w, text) // an error means that the client is gone
	}
}

// serveBlob sends a small file, or the part of it that is asked for.
func (h *Hub) serveBlob(w http.ResponseWriter, c *call, at *store.Commit, f store.File) error {
	content, err := h.openOrFetch(c, at, f)
	if err != nil {
		return err
	}
	defer content.Close()
	start, err := peek(content)
	if err != nil {
		return err
	}
	setContentHeaders(w.Header(), contentType(start, f.Path), f.Path)
	w.Header().Set("ETag", `"`+f.OID+`"`)
	http.ServeContent(w, c.Request, "", time.Time{}, content)
	return nil
}

// peek reads how content begins, and goes back.
func peek(content io.ReadSeeker) ([]byte, error) {
	start := make([]byte, 512)
	n, err := io.ReadFull(content, start)
	if err == io.EOF || err == io.ErrUnexpectedEOF { // it is shorter
		err = nil
	}
	if err != nil {
		return nil, err
	}
	_, err = content.Seek(0, io.SeekStart)
	return start[:n], err
}

// svgType is the type of SVG pictures: text, that browsers show as a picture
// only if it is called so.
const svgType = "image/svg+xml"

// contentType tells pictures, text and other content apart. Nothing is ever
// said to be HTML or a script: what users upload must not run in the Hub's
// name.
func contentType(start []byte, p string) string {
	switch kind := http.DetectContentType(start); kind {
	case "image/png", "image/jpeg", "image/gif", "image/webp":
		return kind
	}
	for range utf8.UTFMax { // a character may be cut at the end
		if utf8.Valid(start) || len(start) == 0 {
			break
		}
		start = start[:len(start)-1]
	}
	if utf8.Valid(start) && bytes.IndexByte(start, 0) < 0 {
		if strings.EqualFold(path.Ext(p), ".svg") {
			return svgType
		}
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

func setContentHeaders(header http.Header, contentType, p string) {
	name := path.Base(p)
	header.Set("Content-Type", contentType)
	policy := "default-src 'none'; sandbox"
	if contentType == svgType { // scripts in it stay without effect, colours do not
		policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	}
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Disposition", fmt.Sprintf(`inline; filename*=UTF-8''%s; filename="%s";`,
		url.PathEscape(name), strings.ReplaceAll(headerText(name), `"`, "'")))
}

// rawFile answers GET /{repo}/raw/{rev}/{path}: what git has there, so for a
// large file its pointer.
func (h *Hub) rawFile(w http.ResponseWriter, c *call) error {
	at, f, err := c.file()
	if err != nil {
		return err
	}
	w.Header().Set(wire.HeaderRepoCommit, at.ID)
	if f.LFS == "" {
		return h.serveBlob(w, c, at, f)
	}
	setContentHeaders(w.Header(), "text/plain; charset=utf-8", f.Path)
	w.Header().Set("ETag", `"`+f.OID+`"`)
	http.ServeContent(w, c.Request, "", time.Time{}, strings.NewReader(wire.LFSPointer(f.LFS, f.Size)))
	return nil
}
