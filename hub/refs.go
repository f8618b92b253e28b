package hub

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"longcat/hub/internal/wire"
)

// ListedRepo is a repo in a list of its author's.
type ListedRepo struct {
	Repo
	Private  bool
	Modified time.Time // zero where the Hub does not tell
}

// Repos lists the repos of one kind of a user or an organisation that the token
// may see.
func (c *Client) Repos(ctx context.Context, kind wire.RepoType, author string) iter.Seq2[ListedRepo, error] {
	return func(yield func(ListedRepo, error) bool) {
		r := request{op: "listing repos of " + author, url: "/api/" + kind.Plural() + "?limit=1000&full=true&author=" + url.QueryEscape(author)}
		for info, err := range pages[wire.RepoInfo](ctx, c, r) {
			if err != nil {
				yield(ListedRepo{}, err)
				return
			}
			if wire.CheckRepoID(info.ID) != nil {
				continue
			}
			if !yield(ListedRepo{Repo{kind, info.ID}, info.Private, info.LastModified}, nil) {
				return
			}
		}
	}
}

// Ref is a branch or a tag.
type Ref struct {
	Name   string `json:"name"`
	Commit string `json:"commit"`
}

// Refs lists the branches and tags of a repo.
func (c *Client) Refs(ctx context.Context, repo Repo) (branches, tags []Ref, err error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return nil, nil, err
	}
	var answer wire.Refs
	r := request{op: "listing branches and tags of", repo: repo, method: http.MethodGet, url: repo.apiPath("refs")}
	if _, err := c.call(ctx, r, &answer); err != nil {
		return nil, nil, err
	}
	convert := func(list []wire.Ref) (refs []Ref) {
		for _, f := range list {
			refs = append(refs, Ref{c.clean(f.Name, 300), c.clean(f.TargetCommit, 80)})
		}
		return refs
	}
	return convert(answer.Branches), convert(answer.Tags), nil
}

// PullRefs lists the pull requests of a repo by their refs, such as "refs/pr/1".
func (c *Client) PullRefs(ctx context.Context, repo Repo) ([]Ref, error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return nil, err
	}
	var answer struct {
		PullRequests []wire.Ref `json:"pullRequests"`
	}
	r := request{op: "listing pull requests of", repo: repo, method: http.MethodGet, url: repo.apiPath("refs") + "?include_prs=1"}
	if _, err := c.call(ctx, r, &answer); err != nil {
		return nil, err
	}
	var refs []Ref
	for _, f := range answer.PullRequests {
		refs = append(refs, Ref{c.clean(f.Ref, 300), c.clean(f.TargetCommit, 80)})
	}
	return refs, nil
}

// CreateTag names the commit that a revision stands for ("" is main).
func (c *Client) CreateTag(ctx context.Context, repo Repo, tag, revision, message string) error {
	body := map[string]string{"tag": tag}
	if message != "" {
		body["message"] = message
	}
	return c.change(ctx, "creating tag "+tag+" of", repo, http.MethodPost, repo.apiPath("tag", revOr(revision)), body)
}

// DeleteTag removes a tag; what it named stays.
func (c *Client) DeleteTag(ctx context.Context, repo Repo, tag string) error {
	return c.change(ctx, "deleting tag "+tag+" of", repo, http.MethodDelete, repo.apiPath("tag", tag), nil)
}

// DeleteBranch removes a branch, with the commits that no other one holds.
func (c *Client) DeleteBranch(ctx context.Context, repo Repo, branch string) error {
	return c.change(ctx, "deleting branch "+branch+" of", repo, http.MethodDelete, repo.apiPath("branch", branch), nil)
}

// MoveRepo gives a repo another name, or another owner.
func (c *Client) MoveRepo(ctx context.Context, from, to Repo) error {
	if err := wire.CheckRepoID(to.ID); err != nil {
		return err
	}
	kind := strings.TrimSuffix(from.Type.Plural(), "s")
	body := map[string]string{"fromRepo": from.ID, "toRepo": to.ID, "type": kind}
	return c.change(ctx, "moving repo", from, http.MethodPost, "/api/repos/move", body)
}

// change makes a request whose answer says nothing more than that it was done.
func (c *Client) change(ctx context.Context, op string, repo Repo, method, addr string, body any) error {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return err
	}
	r := request{op: op, repo: repo, method: method, url: addr, write: true, once: true}
	if body != nil {
		if err := r.jsonBody(body); err != nil {
			return err
		}
	}
	_, err := c.call(ctx, r, nil)
	return err
}
