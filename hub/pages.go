package hub

import (
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
	maxEntries     = 500_000 // on all pages
)

// pages yields the entries of a listing that r asks for, and follows the links
// to its further pages. The first error ends it.
func pages[E any](ctx context.Context, c *Client, r request) iter.Seq2[E, error] {
	return func(yield func(E, error) bool) {
		var none E
		r.method, r.url = http.MethodGet, c.cfg.Endpoint+r.url
		listed := 0
		for seen := map[string]bool{}; r.url != ""; {
			if seen[r.url] || len(seen) == maxPages {
				yield(none, fmt.Errorf("%s: the hub's pages have no end", r.what()))
				return
			}
			seen[r.url] = true
			entries := page[E]{most: min(maxPageEntries, maxEntries-listed)}
			h, err := c.call(ctx, r, &entries)
			if err != nil {
				yield(none, err)
				return
			}
			if r.url, err = c.nextPage(r.url, h.Values("Link")); err != nil {
				yield(none, fmt.Errorf("%s: %w", r.what(), err))
				return
			}
			listed += len(entries.all)
			for _, e := range entries.all {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// page reads a list entry by entry, so that a small answer of many empty
// entries can not become a large list.
type page[E any] struct {
	all  []E
	most int
}

func (p *page[E]) decode(d *json.Decoder) error {
	p.all = p.all[:0] // of an answer that broke off
	if open, err := d.Token(); err != nil || open != json.Delim('[') {
		return errors.New("a list was expected")
	}
	for d.More() {
		if len(p.all) == p.most {
			return fmt.Errorf("more than %d entries", p.most)
		}
		var e E
		if err := d.Decode(&e); err != nil {
			return err
		}
		p.all = append(p.all, e)
	}
	_, err := d.Token()
	return err
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
