package hub

import (
	"context"
	"iter"
	"time"

	"longcat/hub/internal/wire"
)

// Commit is one of a repo's history.
type Commit struct {
	ID      string
	Title   string // first line of the message
	Message string // what follows it
	Date    time.Time
}

// Commits lists the history of a revision, the newest first.
func (c *Client) Commits(ctx context.Context, repo Repo, revision string) iter.Seq2[Commit, error] {
	type entry struct {
		ID      string    `json:"id"`
		Title   string    `json:"title"`
		Message string    `json:"message"`
		Date    time.Time `json:"date"`
	}
	return func(yield func(Commit, error) bool) {
		if err := wire.CheckRepoID(repo.ID); err != nil {
			yield(Commit{}, err)
			return
		}
		r := request{op: "listing commits of", repo: repo, url: repo.apiPath("commits", revOr(revision))}
		for e, err := range pages[entry](ctx, c, r) {
			if !yield(Commit(e), err) || err != nil {
				return
			}
		}
	}
}
