package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"longcat/hub/internal/wire"
)

// WhoAmI tells whom the token belongs to; ErrUnauthorized without a good one.
// The answer is kept: hubs let nobody ask often.
func (c *Client) WhoAmI(ctx context.Context) (*User, error) {
	if who := c.who.Load(); who != nil {
		return who, nil
	}
	var who User
	_, err := c.call(ctx, request{op: "asking who the token belongs to", method: http.MethodGet, url: "/api/whoami-v2", write: true}, &who)
	if err != nil {
		return nil, err
	}
	c.who.Store(&who)
	return &who, nil
}

// RepoInfo describes the repo at a revision ("" is "main"). The answer's SHA is
// the commit that the revision stands for now.
func (c *Client) RepoInfo(ctx context.Context, repo Repo, rev string) (*RepoInfo, error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return nil, err
	}
	var info wire.RepoInfo
	_, err := c.call(ctx, request{op: "looking up revision " + revOr(rev) + " of", repo: repo, method: http.MethodGet, url: repo.apiPath("revision", revOr(rev))}, &info)
	if err != nil {
		return nil, err
	}
	if info.SHA == "" { // what some servers answer for a branch without a commit
		return nil, &Error{
			Op: "looking up revision " + revOr(rev) + " of", Repo: repo.String(), Host: c.cfg.Endpoint, Status: http.StatusNotFound,
			Code: wire.CodeRevisionNotFound, Message: "it has no commit", HadToken: c.HasToken(),
		}
	}
	if !commitID.MatchString(info.SHA) {
		return nil, fmt.Errorf("looking up %q: %q is no commit id", repo, c.clean(info.SHA, 80))
	}
	return repoInfo(&info), nil
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

func revOr(rev string) string {
	if rev == "" {
		return "main"
	}
	return rev
}

// CreateRepo makes a repo. One that exists already is no error (existed tells);
// its visibility then stays as it is. A 409 says 'exists' or 'somebody is at
// it': it is the former only if the repo is then found.
func (c *Client) CreateRepo(ctx context.Context, repo Repo, v Visibility) (existed bool, err error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return false, err
	}
	ns, name := repo.split()
	body := wire.CreateRepo{Name: name, Organization: ns, Type: string(repo.Type), Visibility: string(v)}
	if v != "" { // for older servers
		private := v == Private
		body.Private = &private
	}
	r := request{op: "creating repo", repo: repo, method: http.MethodPost, url: "/api/repos/create", write: true}
	if err := r.jsonBody(body); err != nil {
		return false, err
	}
	p := patience{c: c}
	for {
		_, err := c.call(ctx, r, nil) // a repeated create answers 409, so repeating is safe
		var he *Error
		if !errors.As(err, &he) || he.Status != http.StatusConflict {
			return false, err
		}
		if _, lookErr := c.describe(ctx, repo); lookErr == nil {
			return true, nil
		}
		if err := p.after(ctx, err); err != nil {
			return false, err
		}
	}
}

// DeleteRepo removes a repo with everything in it.
func (c *Client) DeleteRepo(ctx context.Context, repo Repo) error {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return err
	}
	ns, name := repo.split()
	r := request{op: "deleting repo", repo: repo, method: http.MethodDelete, url: "/api/repos/delete", write: true, once: true}
	if err := r.jsonBody(wire.DeleteRepo{Name: name, Organization: ns, Type: string(repo.Type)}); err != nil {
		return err
	}
	_, err := c.call(ctx, r, nil)
	return err
}

// CreateBranch makes a branch from a revision ("" is the head of main); one
// that exists already is no error.
func (c *Client) CreateBranch(ctx context.Context, repo Repo, branch, from string) error {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return err
	}
	r := request{op: "creating branch " + branch + " of", repo: repo, method: http.MethodPost, url: repo.apiPath("branch", branch), write: true}
	body := map[string]string{}
	if from != "" {
		body["startingPoint"] = from
	}
	if err := r.jsonBody(body); err != nil {
		return err
	}
	_, err := c.call(ctx, r, nil)
	var he *Error
	if errors.As(err, &he) && he.Status == http.StatusConflict {
		return nil
	}
	return err
}

// ValidateCard asks the Hub's judgement of a model card's text: the problems
// it would refuse a commit for, and its warnings. Of repo only the type counts;
// the ID, which may be empty, is for errors.
func (c *Client) ValidateCard(ctx context.Context, repo Repo, card string) (*CardVerdict, error) {
	r := request{op: "validating the card of", repo: repo, method: http.MethodPost, url: "/api/validate-yaml"}
	if err := r.jsonBody(map[string]string{"repoType": strings.TrimSuffix(repo.Type.Plural(), "s"), "content": card}); err != nil {
		return nil, err
	}
	var v wire.YAMLVerdict
	if _, err := c.call(ctx, r, &v); err != nil {
		return nil, err
	}
	verdict := &CardVerdict{}
	for _, m := range v.Errors {
		verdict.Errors = append(verdict.Errors, m.Message)
	}
	for _, m := range v.Warnings {
		verdict.Warnings = append(verdict.Warnings, m.Message)
	}
	return verdict, nil
}

// Visibility says who may read a repo.
type Visibility string

// The visibilities. The zero value leaves a new repo's to the Hub: an
// organisation's default may be private.
const (
	Public  Visibility = "public"
	Private Visibility = "private"
)
