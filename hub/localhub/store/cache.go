package store

import (
	"slices"
	"sync"
)

// commitCache keeps the commits that were used last. Every request needs one,
// and a repo of many files has large ones.
type commitCache struct {
	mu    sync.Mutex
	held  []heldCommit // oldest use first
	files int
}

type heldCommit struct {
	repo string
	*Commit
}

// maxCachedFiles bounds the cache: about 20 MB of files.
const maxCachedFiles = 50_000

// cacheKey tells repos apart, also two that have the same name one after the
// other.
func (r *Repo) cacheKey() string { return r.ID.String() + " " + r.UID + " " + r.Created.String() }

func (cc *commitCache) get(r *Repo, id string) *Commit {
	key := r.cacheKey()
	cc.mu.Lock()
	defer cc.mu.Unlock()
	for i, h := range cc.held {
		if h.ID == id && h.repo == key {
			cc.held = append(slices.Delete(cc.held, i, i+1), h)
			return h.Commit
		}
	}
	return nil
}

func (cc *commitCache) put(r *Repo, c *Commit) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	cc.held = append(cc.held, heldCommit{r.cacheKey(), c})
	cc.files += len(c.files) + 1
	for len(cc.held) > 1 && cc.files > maxCachedFiles || len(cc.held) > 256 {
		cc.files -= len(cc.held[0].files) + 1
		cc.held = slices.Delete(cc.held, 0, 1)
	}
}
