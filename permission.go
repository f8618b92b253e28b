package longcat

import (
	"context"
	"errors"
	"fmt"

	"longcat/hub"
)

// PermissionError tells that the token can not write to a repo.
type PermissionError struct {
	Repo   hub.Repo
	Owner  string // of the token, where there is one
	Reason PermissionReason
}

// PermissionReason says why a token can not write.
type PermissionReason int

// Reasons.
const (
	NoToken  PermissionReason = iota // there is none
	ReadOnly                         // its role is read
	NoOwner                          // the repo names no owner, and there is no token whose owner would be it
)

func (e *PermissionError) Error() string {
	switch e.Reason {
	case ReadOnly:
		return fmt.Sprintf("writing to %q: the token of %q may only read", e.Repo, e.Owner)
	case NoOwner:
		return fmt.Sprintf("%q names no owner: want USER/%s", e.Repo, e.Repo.ID)
	default:
		return fmt.Sprintf("writing to %q needs a token", e.Repo)
	}
}

// mayWrite finds out before the long work whether the token can write at all.
// Servers that do not say are tried.
func mayWrite(ctx context.Context, c *hub.Client, repo hub.Repo) error {
	if !c.HasToken() {
		return &PermissionError{Repo: repo, Reason: NoToken}
	}
	who, err := c.WhoAmI(ctx)
	if errors.Is(err, hub.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if who.Auth.AccessToken.Role == "read" {
		return &PermissionError{Repo: repo, Owner: who.Name, Reason: ReadOnly}
	}
	return nil
}

// PrepareRepo makes the repo and the branch where they are not there.
func PrepareRepo(ctx context.Context, c *hub.Client, repo hub.Repo, branch string, private bool) error {
	_, err := c.RepoInfo(ctx, repo, branch)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hub.ErrRevisionNotFound) && (branch == "" || branch == "main"):
		return nil // empty: the first commit makes it
	case errors.Is(err, hub.ErrRevisionNotFound):
		return c.CreateBranch(ctx, repo, branch, "")
	case !errors.Is(err, hub.ErrNotFound) && !errors.Is(err, hub.ErrUnauthorized):
		return err
	case !c.HasToken():
		return &PermissionError{Repo: repo, Reason: NoToken}
	}
	if _, err := c.CreateRepo(ctx, repo, private); err != nil {
		return err
	}
	if branch == "" || branch == "main" {
		return nil
	}
	return c.CreateBranch(ctx, repo, branch, "")
}
