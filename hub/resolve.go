package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"longcat/hub/cache"
	"longcat/hub/internal/wire"
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
	served   string // the etag given there, "" when it was not asked
	opaque   bool   // Etag is another host's, and so no hash of the content
	listed   bool   // Etag and Size are the listing's, which decide
	pointer  bool   // they may be those of git's pointer to a large file
}

// listedFile is the file that a commit lists, nil where the listing does not say
// its hash.
func (c *Client) listedFile(repo Repo, commit string, e Entry) *File {
	f := &File{Repo: repo, Path: e.Path, Commit: commit, Etag: e.Hash(), Size: e.Size, Xet: e.xet, listed: true, pointer: e.SHA256 == ""}
	if f.newHash() == nil {
		return nil
	}
	f.location = c.resolveURL(f)
	return f
}

// resolveURL is the address at which the hub gives a file, or says where it is.
func (c *Client) resolveURL(f *File) string {
	return c.cfg.Endpoint + f.Repo.resolvePath(f.Commit, f.Path)
}

// newHash gives what starts the hash that the Etag is of the content, by the
// Etag's form; nil where it is none. Where git itself counts in sha256, as the
// length of the commit ids tells, an etag may be the sha256 or the blob id.
func (f *File) newHash() func() hash.Hash {
	if f.opaque {
		return nil
	}
	return cache.HashOf(f.Etag, f.Size, f.Commit)
}

// emptyBlob is git's id of no bytes.
const emptyBlob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

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

	f := &File{Repo: repo, Path: path, Size: -1}
	if commitID.MatchString(rev) {
		f.Commit = rev
	}
	first := c.cfg.Endpoint + repo.resolvePath(revOr(rev), path)
	addr, method := first, http.MethodHead
	for range 10 {
		resp, err := c.do(ctx, resolveRequest(repo, path, method, addr))
		if err != nil {
			return nil, err
		}
		c.learn(f, resp)
		switch {
		case resp.StatusCode/100 == 3:
			resp.Body.Close()
			next, err := resp.Request.URL.Parse(resp.Header.Get("Location"))
			if err != nil || resp.Header.Get("Location") == "" {
				return nil, fmt.Errorf("resolving %q of %q: redirected to no address", path, repo)
			}
			f.location = next.String()
			if f.Size >= 0 && resp.Header.Get(wire.HeaderLinkedEtag) != "" {
				return f.checked()
			}
			addr = f.location
		case method == http.MethodHead && (headRefused(resp, addr != first) || (resp.StatusCode/100 == 2 && f.Size < 0)):
			resp.Body.Close()
			method = http.MethodGet
		case resp.StatusCode/100 == 2 || emptyRange(resp):
			resp.Body.Close()
			f.location = addr
			return f.checked()
		default:
			he := c.errorFrom(resp, "resolving", repo, path)
			he.noEntry = he.Status == http.StatusNotFound && he.Code == "" && commitID.MatchString(rev) // the commit is one that the hub named
			return nil, he
		}
	}
	return nil, fmt.Errorf("resolving %q of %q: more than 10 redirects", path, repo)
}

// headRefused tells a server that answers GET only, perhaps only behind a
// redirect. A hub that knows codes would give one with its 404.
func headRefused(resp *http.Response, redirected bool) bool {
	switch resp.StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusNotFound:
		return redirected || resp.Header.Get(wire.HeaderErrorCode) == ""
	case http.StatusForbidden:
		return redirected
	}
	return false
}

// emptyRange tells the answer to a request for the first byte of an empty file.
func emptyRange(resp *http.Response) bool {
	return resp.StatusCode == http.StatusRequestedRangeNotSatisfiable && resp.Header.Get("Content-Range") == "bytes */0"
}

func resolveRequest(repo Repo, path, method, addr string) request {
	r := request{op: "resolving", repo: repo, path: path, method: method, url: addr}
	if method == http.MethodGet {
		r.setHeader("Range", "bytes=0-0")
	}
	return r
}

// learn takes the facts that an answer adds; what the Hub said first stays.
func (c *Client) learn(f *File, resp *http.Response) {
	h := resp.Header
	if s := h.Get(wire.HeaderRepoCommit); f.Commit == "" && commitID.MatchString(s) {
		f.Commit = s
	}
	if f.Xet == "" && sha256Hex.MatchString(h.Get(wire.HeaderXetHash)) {
		f.Xet = h.Get(wire.HeaderXetHash)
	}
	if s := trimEtag(h.Get(wire.HeaderLinkedEtag)); s != "" && f.Etag == "" {
		f.Etag = s
		if n, err := strconv.ParseInt(h.Get(wire.HeaderLinkedSize), 10, 64); err == nil && n >= 0 {
			f.Size = n
		}
	}
	if resp.StatusCode/100 != 2 && !emptyRange(resp) {
		return
	}
	f.served = trimEtag(h.Get("ETag"))
	if f.Etag == "" {
		f.Etag, f.opaque = f.served, !sameOrigin(c.endpoint, resp.Request.URL)
	}
	if f.Size < 0 {
		f.Size = resp.ContentLength
		if _, _, total, ok := parseContentRange(h.Get("Content-Range")); ok {
			f.Size = total
		}
		if emptyRange(resp) {
			f.Size = 0
			f.Etag = cmp.Or(f.Etag, emptyBlob)
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

var plainEtag = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._=+-]{0,127}$`)

// parseContentRange reads "bytes first-last/total"; last is inclusive there,
// end exclusive here. A total of "*", which is not known, is -1.
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
	if size == "*" {
		total, err3 = -1, nil
	}
	if errors.Join(err1, err2, err3) != nil || first < 0 || last < first || last == math.MaxInt64 || (size != "*" && total <= last) {
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
