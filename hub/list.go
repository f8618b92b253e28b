package hub

import (
	"context"
	"iter"
	"net/http"

	"longcat/hub/wire"
)

// Models lists the models of a user or an organisation that the token may see.
func (c *Client) Models(ctx context.Context, author string) iter.Seq2[Repo, error] {
	return func(yield func(Repo, error) bool) {
		next := query("/api/models", "author", author, "limit", "1000")
		for next != "" {
			var page []wire.RepoInfo
			h, err := c.call(ctx, request{op: "listing models of " + author, method: http.MethodGet, url: next}, &page)
			if err == nil {
				next, err = c.nextPage(h.Get("Link"))
			}
			if err != nil {
				yield(Repo{}, err)
				return
			}
			for _, info := range page {
				if wire.CheckRepoID(info.ID) == nil && !yield(Repo{Type: wire.Model, ID: info.ID}, nil) {
					return
				}
			}
		}
	}
}
