// Package web is how a hub looks in a browser: pages of plain HTML and CSS,
// without scripts, that read well by keyboard, screen reader and on paper.
//
// It knows nothing of repos: package localhub fills in one of the page types
// ([List], [Card], [Tree], [Blob], [Commits], [Commit], [Pulls], [Pull],
// [Error]) and [Write] sends it. All text in them may come from strangers and
// is escaped; the one exception is [Card].HTML, which must be safe already.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"longcat/internal/units"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed style.css
var style []byte

// StylePath is where the pages expect ServeStyle.
const StylePath = "/-/style.css"

// styleVersion changes with the style, so that browsers may keep it for ever.
var styleVersion = func() string {
	sum := sha256.Sum256(style)
	return hex.EncodeToString(sum[:6])
}()

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"style": func() string { return StylePath + "?v=" + styleVersion },
	"size":  units.Size,
	"exact": exact,
	"day":   Day,
	"clock": func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 UTC") },
	"stamp": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"next":  func(i int) int { return i + 1 },
}).ParseFS(templateFiles, "templates/*.html"))

// Page is one of the page types of this package.
type Page interface {
	template() string
}

// policy lets a page load its style, pictures, and nothing else. Cards show
// pictures from other sites, over TLS only.
const policy = "default-src 'none'; img-src 'self' https: data:; style-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ownAddress matches the addresses of a page that begin at the root of its own
// site. In text these bytes do not occur: there quotes are escaped.
var ownAddress = regexp.MustCompile(` (href|src|action)="/([^/])`)

// Write answers with a page, in which prefix, such as "/hub", stands before the
// addresses of the site's own. It fails before it has sent anything. What the
// page says depends on who asks, so no cache keeps it for others.
func Write(w http.ResponseWriter, status int, p Page, prefix string) error {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, p.template(), p); err != nil {
		return err
	}
	if prefix != "" {
		b = *bytes.NewBuffer(ownAddress.ReplaceAll(b.Bytes(), []byte(` ${1}="`+prefix+`/${2}`)))
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-cache")
	h.Set("Vary", "Accept, Authorization")
	w.WriteHeader(status)
	w.Write(b.Bytes()) // an error means that the client is gone
	return nil
}

// ServeStyle answers with the pages' style sheet.
func ServeStyle(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", `"`+styleVersion+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(style))
}
