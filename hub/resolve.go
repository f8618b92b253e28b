package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"longcat/hub/wire"
)

// File is what the Hub says of one file of a repo, before any redirect.
type File struct {
	Repo   Repo
	Path   string
	Commit string // the commit that was asked, or that the revision stood for
	Etag   string // sha256 of a large file, git blob id of a small one
	Size   int64  // bytes
	Xet    string // Xet hash, "" when the Hub names none

	location string // where the bytes are now: may be signed, and expire
}

// Hash is the sum that the content must have, by the form of the Etag. It is
// "" where the server's etag is no content hash.
func (f *File) Hash() (algo HashAlgo) {
	switch {
	case sha256Hex.MatchString(f.Etag):
		return SHA256
	case gitBlobHex.MatchString(f.Etag):
		return GitBlob
	}
	return ""
}

// HashAlgo says how an etag follows from content.
type HashAlgo string

// The two kinds of etag that a Hub gives.
const (
	SHA256  HashAlgo = "sha256"
	GitBlob HashAlgo = "git blob id"
)

var gitBlobHex = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Resolve asks for a file's etag, size and place without its content. The
// answer's etag and size are the Hub's own, taken before any redirect to
// another host.
func (c *Client) Resolve(ctx context.Context, repo Repo, rev, path string) (*File, error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return nil, err
	}
	if err := wire.CheckPath(path); err != nil {
		return nil, err
	}
	ctx = context.WithValue(ctx, noRedirect{}, true)
	ctx = context.WithValue(ctx, answerWithin{}, c.cfg.HeadTimeout)

	f := &File{Repo: repo, Path: path}
	if commitID.MatchString(rev) {
		f.Commit = rev
	}
	addr := c.cfg.Endpoint + repo.resolvePath(revOr(rev), path)
	method := http.MethodHead
	for range 10 {
		resp, err := c.do(ctx, c.resolveRequest(repo, path, method, addr))
		if err != nil {
			return nil, err
		}
		f.learn(resp)
		if resp.StatusCode/100 == 3 {
			resp.Body.Close()
			next, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
			if err != nil || resp.Header.Get("Location") == "" {
				return nil, fmt.Errorf("resolving %q of %q: redirected to no address", path, repo)
			}
			f.location = next.String()
			if f.Etag != "" && f.Size >= 0 && resp.Header.Get(wire.HeaderLinkedEtag) != "" {
				return f.checked()
			}
			addr = f.location
			continue
		}
		if method == http.MethodHead && headRefused(resp, addr != c.cfg.Endpoint+repo.resolvePath(revOr(rev), path)) {
			resp.Body.Close()
			method = http.MethodGet
			continue
		}
		if resp.StatusCode/100 != 2 {
			return nil, errorFrom(resp, "resolving", repo, path)
		}
		resp.Body.Close()
		f.location = addr
		return f.checked()
	}
	return nil, fmt.Errorf("resolving %q of %q: more than 10 redirects", path, repo)
}

// headRefused tells a server that answers GET only, at least behind a redirect.
func headRefused(resp *http.Response, redirected bool) bool {
	switch resp.StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusNotFound, http.StatusForbidden:
		return redirected
	}
	return false
}

func (c *Client) resolveRequest(repo Repo, path, method, addr string) request {
	r := request{op: "resolving", repo: repo, path: path, method: method, url: addr}
	if method == http.MethodGet {
		r.setHeader("Range", "bytes=0-0")
	}
	return r
}

// learn takes the facts that an answer adds; what the Hub said first stays.
func (f *File) learn(resp *http.Response) {
	h := resp.Header
	if s := h.Get(wire.HeaderRepoCommit); f.Commit == "" && commitID.MatchString(s) {
		f.Commit = s
	}
	if f.Xet == "" && sha256Hex.MatchString(h.Get(wire.HeaderXetHash)) {
		f.Xet = h.Get(wire.HeaderXetHash)
	}
	if s := h.Get(wire.HeaderLinkedEtag); s != "" {
		f.Etag, f.Size = trimEtag(s), -1
		if n, err := strconv.ParseInt(h.Get(wire.HeaderLinkedSize), 10, 64); err == nil && n >= 0 {
			f.Size = n
		}
	}
	if resp.StatusCode/100 != 2 {
		return
	}
	if f.Etag == "" {
		f.Etag, f.Size = trimEtag(h.Get("ETag")), -1
	}
	if f.Size < 0 {
		f.Size = resp.ContentLength
		if _, _, total, ok := parseContentRange(h.Get("Content-Range")); ok {
			f.Size = total
		}
	}
}

func (f *File) checked() (*File, error) {
	switch {
	case f.Etag == "":
		return nil, fmt.Errorf("resolving %q of %q: the server gives no etag", f.Path, f.Repo)
	case f.Size < 0:
		return nil, fmt.Errorf("resolving %q of %q: the server gives no size", f.Path, f.Repo)
	case f.Commit == "":
		return nil, fmt.Errorf("resolving %q of %q: the server names no commit", f.Path, f.Repo)
	}
	return f, nil
}

// trimEtag strips the quotes and the weak mark. An etag that is no plain word
// can not name a file in a cache, and is treated as absent.
func trimEtag(s string) string {
	s = strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
	if !plainEtag.MatchString(s) {
		return ""
	}
	return s
}

var plainEtag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._=+-]{0,127}$`)

// parseContentRange reads "bytes first-last/total"; last is inclusive there,
// end exclusive here.
func parseContentRange(s string) (first, end, total int64, ok bool) {
	rest, found := strings.CutPrefix(strings.TrimSpace(s), "bytes ")
	span, size, found2 := strings.Cut(rest, "/")
	a, b, found3 := strings.Cut(span, "-")
	if !found || !found2 || !found3 {
		return 0, 0, 0, false
	}
	first, err1 := strconv.ParseInt(a, 10, 64)
	last, err2 := strconv.ParseInt(b, 10, 64)
	total, err3 := strconv.ParseInt(size, 10, 64)
	if errors.Join(err1, err2, err3) != nil || first < 0 || last < first || total <= last {
		return 0, 0, 0, false
	}
	return first, last + 1, total, true
}

// isSigned tells whether an address carries its own permission, so that a 403
// there means "expired" and not "forbidden".
func (c *Client) isSigned(addr string) bool {
	u, err := url.Parse(addr)
	return err == nil && (!sameOrigin(u, c.endpoint) || u.RawQuery != "")
}
