package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"longcat/hub/cache"
)

// maxRenewals is how often one request may find its address expired.
const maxRenewals = 3

// current is the file as it was last resolved.
func (t *transfer) current() File {
	t.mu.Lock()
	defer t.mu.Unlock()
	return *t.file
}

// get sends the request for e (nil: for all) to where the file is now; an
// expired address is renewed. Where a listed file's address leads is kept for
// the next request.
func (t *transfer) get(ctx context.Context, e *cache.Extent) (*http.Response, error) {
	for renewals := 0; ; renewals++ {
		f := t.current()
		r := request{op: "downloading", repo: f.Repo, path: f.Path, method: http.MethodGet, url: f.location}
		if e != nil && e.Len() < f.Size {
			r.setHeader("Range", fmt.Sprintf("bytes=%d-%d", e.Start, e.End-1))
		}
		resp, err := t.c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		from := resp.Request.URL.String()
		if resp.StatusCode/100 == 2 {
			if isPage(resp) && !strings.HasSuffix(f.Path, "html") && resp.ContentLength != f.Size {
				resp.Body.Close()
				return nil, &PageError{resp.Request.URL.Host}
			}
			t.moved(f.location, from)
			return resp, t.sameEtag(ctx, resp, from)
		}
		he := t.c.errorFrom(resp, r.op, r.repo, r.path)
		if renewals == maxRenewals || !t.c.expired(from, he.Status) {
			return nil, he
		}
		if err := t.renew(ctx, f.location); err != nil {
			return nil, err
		}
	}
}

// moved notes that the requests to one address end at another.
func (t *transfer) moved(from, to string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file.listed && t.file.location == from && from != to {
		moved := *t.file
		moved.location = to
		t.file = &moved
	}
}

// expired tells answers that a signed address gives when its time is over, or
// when what it pointed to has changed.
func (c *Client) expired(location string, status int) bool {
	switch status {
	case http.StatusForbidden, http.StatusUnauthorized, http.StatusNotFound, http.StatusGone, http.StatusBadRequest, http.StatusRequestedRangeNotSatisfiable:
		return c.isSigned(location)
	}
	return false
}

// renew resolves the file again, once for all workers that found the same
// address expired.
func (t *transfer) renew(ctx context.Context, old string) error {
	t.renewing.Lock()
	defer t.renewing.Unlock()
	f := t.current()
	if f.location != old {
		return nil
	}
	if f.listed { // what it has to be is known
		t.moved(old, t.c.resolveURL(&f))
		return nil
	}
	now, err := t.c.Resolve(ctx, f.Repo, f.Commit, f.Path)
	if err != nil {
		return err
	}
	if now.Etag != f.Etag || now.Size != f.Size {
		return fmt.Errorf("downloading %q of %q: %w", f.Path, f.Repo, ErrChanged)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.file = now
	return nil
}

// sameEtag notices content that changes between two answers. Where a hash will
// judge the whole, a second opinion of the Hub is enough to go on.
func (t *transfer) sameEtag(ctx context.Context, resp *http.Response, location string) error {
	etag := trimEtag(resp.Header.Get("ETag"))
	t.mu.Lock()
	changed := t.etag != "" && etag != "" && etag != t.etag
	if etag != "" {
		t.etag = etag
	}
	f := *t.file
	t.mu.Unlock()
	if !changed {
		return nil
	}
	resp.Body.Close()
	if f.newHash() == nil {
		return fmt.Errorf("downloading %q of %q: %w", f.Path, f.Repo, ErrChanged)
	}
	if err := t.renew(ctx, location); err != nil {
		return err
	}
	return errors.New("the file's etag changed between two answers")
}
