package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// Bounds on what a listing may be. The Hub's own pages have 1,000 entries.
const (
	maxPages       = 2_000
	maxPageEntries = 200_000
)

// pages yields the entries of a listing that r asks for, and follows the links
// to its further pages. The first error ends it.
func pages[E any](ctx context.Context, c *Client, r request) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		var none E
		r.method, r.url = http.MethodGet, c.cfg.Endpoint+r.url
		for seen := map[string]bool{}; r.url != ""; {
			if seen[r.url] || len(seen) == maxPages {
				yield(none, fmt.Errorf("%s: the hub's pages have no end", r.what()))
				return
			}
			seen[r.url] = true
			var entries page[E]
			h, err := c.call(ctx, r, &entries)
			if err != nil {
				yield(none, err)
				return
			}
			if r.url, err = c.nextPage(r.url, h.Values("Link")); err != nil {
				yield(none, fmt.Errorf("%s: %w", r.what(), err))
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// page reads a list entry by entry, so that a small answer of many empty
// entries can not become a large list.
type page[E any] []E

func (p *page[E]) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return errors.New("a list was expected")
	}
	for d.More() {
		if len(*p) == maxPageEntries {
			return fmt.Errorf("more than %d entries on one page", maxPageEntries)
		}
		var e E
		if err := d.Decode(&e); err != nil {
			return err
		}
		*p = append(*p, e)
	}
	return nil
}

var linkNext = regexp.MustCompile(`<([^<>]*)>[^<>]*;\s*rel="?next"?`)

// nextPage returns the address of the page after the one at current, "" at the
// last. It must stay on the endpoint: a listing has no business elsewhere. What
// a mirror passes on from the hub behind it is the same page of its own.
func (c *Client) nextPage(current string, links []string) (string, error) {
	m := linkNext.FindStringSubmatch(strings.Join(links, ", "))
	if m == nil {
		return "", nil
	}
	base, err := url.Parse(current)
	if err != nil {
		return "", err
	}
	u, err := base.Parse(m[1])
	if err == nil && u.Path == strings.TrimPrefix(base.Path, strings.TrimSuffix(c.endpoint.Path, "/")) {
		base.RawQuery = u.RawQuery
		return base.String(), nil
	}
	if err != nil || !sameOrigin(u, c.endpoint) {
		return "", errors.New("the next page's address is not on the hub")
	}
	return u.String(), nil
}
