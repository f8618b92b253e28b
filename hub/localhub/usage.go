package localhub

import (
	"context"
	"os"
)

// Usage is what a hub keeps.
type Usage struct {
	Repos   []RepoUsage
	Objects int   // large files, each counted once
	Bytes   int64 // of the objects' content
}

// RepoUsage is what one repo has, of which other repos may have some as well.
type RepoUsage struct {
	ID      RepoID
	Objects int
	Bytes   int64
}

// Usage counts what is kept.
func (h *Hub) Usage(ctx context.Context) (Usage, error) {
	repos, err := h.store.Repos()
	if err != nil {
		return Usage{}, err
	}
	var all Usage
	seen := map[string]bool{}
	for _, r := range repos {
		if err := ctx.Err(); err != nil {
			return Usage{}, err
		}
		ids, err := r.ObjectIDs()
		if err != nil && !os.IsNotExist(err) {
			return Usage{}, err
		}
		one := RepoUsage{ID: r.ID, Objects: len(ids)}
		for _, id := range ids {
			size, _ := h.objectSize(id)
			one.Bytes += size
			if !seen[id] {
				seen[id] = true
				all.Bytes += size
			}
		}
		all.Repos = append(all.Repos, one)
	}
	all.Objects = len(seen)
	return all, nil
}
