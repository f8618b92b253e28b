package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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
// expired address is renewed.
func (t *transfer) get(ctx context.Context, e *cache.Extent) (*http.Response, error) {
	for renewals := 0; ; renewals++ {
		f := t.current()
		r := request{op: "downloading", repo: f.Repo, path: f.Path, method: http.MethodGet, url: f.location}
		if e != nil {
			r.setHeader("Range", fmt.Sprintf("bytes=%d-%d", e.Start, e.End-1))
		}
		resp, err := t.c.do(ctx, r)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 == 2 {
			return resp, t.sameEtag(ctx, resp, f.location)
		}
		he := t.c.errorFrom(resp, r.op, r.repo, r.path)
		if renewals == maxRenewals || !t.c.expired(f.location, he.Status) {
			return nil, he
		}
		if err := t.renew(ctx, f.location); err != nil {
			return nil, err
		}
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
