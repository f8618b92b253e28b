package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"longcat/hub/internal/wire"
)

// VisibilityError says that a repo exists, or was created, with another
// visibility than is wanted.
type VisibilityError struct {
	Repo     string
	Is, Want Visibility
}

func (e *VisibilityError) Error() string {
	return fmt.Sprintf("%q is %s, and is wanted %s", e.Repo, e.Is, e.Want)
}

// Target is where a commit is to go.
type Target struct {
	Repo        Repo
	Branch      string // "main" when empty
	PullRequest bool
	Visibility  Visibility // that the repo must have
}

// TargetState is what stands at a target.
type TargetState struct {
	Exists       bool   // and can be seen
	BranchExists bool   // or the repo is empty and the branch is main: the first commit makes it
	Commit       string // the branch's head, or main's where the branch is not there yet; "" for none
	Visibility   Visibility
}

// Look looks at the target. A repo of another visibility than is wanted is a
// *VisibilityError.
func (c *Client) Look(ctx context.Context, t Target) (*TargetState, error) {
	s := &TargetState{}
	info, err := c.RepoInfo(ctx, t.Repo, t.Branch)
	if errors.Is(err, ErrRevisionNotFound) {
		if revOr(t.Branch) != "main" {
			info, err = c.RepoInfo(ctx, t.Repo, "")
		}
		if errors.Is(err, ErrRevisionNotFound) { // it is empty
			s.BranchExists = revOr(t.Branch) == "main"
			info, err = c.describe(ctx, t.Repo)
		}
	} else {
		s.BranchExists = err == nil
	}
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrUnauthorized):
		return &TargetState{}, nil
	case err != nil:
		return nil, err
	}
	s.Exists, s.Commit, s.Visibility = true, info.SHA, Public
	if info.Private {
		s.Visibility = Private
	}
	if t.Visibility != "" && t.Visibility != s.Visibility {
		return nil, &VisibilityError{Repo: t.Repo.String(), Is: s.Visibility, Want: t.Visibility}
	}
	return s, nil
}

// describe asks for a repo whatever commits it has.
func (c *Client) describe(ctx context.Context, repo Repo) (*RepoInfo, error) {
	var info wire.RepoInfo
	_, err := c.call(ctx, request{op: "looking up", repo: repo, method: http.MethodGet, url: repo.apiPath()}, &info)
	if err == nil && info.SHA != "" && !commitID.MatchString(info.SHA) {
		err = fmt.Errorf("looking up %q: %q is no commit id", repo, c.clean(info.SHA, 80))
	}
	return repoInfo(&info), err
}

// MakeTarget creates the repo and the branch where s says that they are not
// there.
func (c *Client) MakeTarget(ctx context.Context, t Target, s *TargetState) error {
	if !s.Exists {
		existed, err := c.CreateRepo(ctx, t.Repo, t.Visibility)
		if err != nil {
			return err
		}
		if existed || t.Visibility != "" { // not every hub does as it is told
			if _, err := c.Look(ctx, t); err != nil {
				return err
			}
		}
	}
	if s.BranchExists || revOr(t.Branch) == "main" {
		return nil
	}
	return c.CreateBranch(ctx, t.Repo, t.Branch, "")
}
