package hub

import (
	"context"
	"iter"
	"net/url"

	"longcat/hub/internal/wire"
)

// Models lists the models of a user or an organisation that the token may see.
func (c *Client) Models(ctx context.Context, author string) iter.Seq2[Repo, error] {
	return func(yield func(Repo, error) bool) {
		r := request{op: "listing models of " + author, url: "/api/models?limit=1000&author=" + url.QueryEscape(author)}
		for info, err := range pages[wire.RepoInfo](ctx, c, r) {
			if err != nil {
				yield(Repo{}, err)
				return
			}
			if wire.CheckRepoID(info.ID) == nil && !yield(Repo{Type: wire.Model, ID: info.ID}, nil) {
				return
			}
		}
	}
}
