package longcat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"longcat/hub"
)

// OwnerError tells that a repo names no owner, and that there is no token whose
// owner would be it.
type OwnerError struct{ Repo hub.Repo }

func (e *OwnerError) Error() string {
	return fmt.Sprintf("%q names no owner: want USER/%s", e.Repo, e.Repo.ID)
}

// Owned is the repo with its owner: one that is named without belongs to whom
// the token does.
func Owned(ctx context.Context, c *hub.Client, repo hub.Repo) (hub.Repo, error) {
	if strings.Contains(repo.ID, "/") {
		return repo, nil
	}
	if !c.HasToken() {
		return repo, &OwnerError{repo}
	}
	who, err := c.WhoAmI(ctx)
	if err != nil {
		return repo, err
	}
	repo.ID = who.Name + "/" + repo.ID
	return repo, nil
}

// MayWrite finds out before the long work whether a commit to the target will be
// let: a *hub.PermissionError if not. What only trying shows is left to the
// creation of the repo, but for a dry run, which tries nothing. A dry run needs
// no token; notify hears that it is not known then.
func MayWrite(ctx context.Context, c *hub.Client, t hub.Target, dryRun bool, notify func(text string)) (*hub.TargetState, error) {
	state, err := c.MayWrite(ctx, t)
	var refused *hub.PermissionError
	switch {
	case !errors.As(err, &refused):
	case refused.Reason == hub.NoToken && dryRun:
		notify(fmt.Sprintf("longcat: warning: without a token it is not known whether %s may be written to", t.Repo))
		return state, nil
	case refused.Uncertain && !dryRun:
		return state, nil
	}
	return state, err
}
