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
	Author  string // the first author's name; "" if the hub does not list it
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
		Authors []struct {
			User string `json:"user"`
		} `json:"authors"`
	}
	return func(yield func(Commit, error) bool) {
		if err := wire.CheckRepoID(repo.ID); err != nil {
			yield(Commit{}, err)
			return
		}
		r := request{op: "listing commits of", repo: repo, url: repo.apiPath("commits", revOr(revision))}
		for e, err := range pages[entry](ctx, c, r) {
			commit := Commit{ID: e.ID, Title: e.Title, Message: e.Message, Date: e.Date}
			if len(e.Authors) > 0 {
				commit.Author = c.clean(e.Authors[0].User, 100)
			}
			if !yield(commit, err) || err != nil {
				return
			}
		}
	}
}
