package hub

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
)

// PermissionError says that the token will not be let write to a repo, or
// create it. It is found before anything is sent.
type PermissionError struct {
	Repo   string
	Create bool   // the repo does not exist, or can not be seen
	User   string // whose token it is; "" without a token or where the hub does not tell
	Reason PermissionReason
	Role   string // in the organisation, where that is the reason
	// Uncertain: not every hub tells all that a token may do; only trying shows it.
	Uncertain bool

	err error
}

// PermissionReason is why a token may not write.
type PermissionReason int

// The reasons.
const (
	NoToken       PermissionReason = iota + 1
	ReadOnlyToken                  // its role is "read"
	OutOfScope                     // a fine-grained token that names neither the repo nor its namespace for writing
	NotAMember                     // the namespace is neither the user's nor an organisation's of theirs
	RoleTooLow                     // in the organisation
	HubRefuses                     // the hub's own answer, see Unwrap
)

func (e *PermissionError) Error() string {
	doing, namespace := "writing to", e.Repo
	if e.Create {
		doing = "creating"
	}
	if r, err := ParseRepo(e.Repo); err == nil {
		namespace, _ = r.split()
	}
	what := fmt.Sprintf("%s %q", doing, e.Repo)
	switch e.Reason {
	case NoToken:
		return what + " needs a token"
	case ReadOnlyToken:
		return fmt.Sprintf("%s: the token of %q may only read", what, e.User)
	case OutOfScope:
		return fmt.Sprintf("%s: the fine-grained token of %q does not include it", what, e.User)
	case NotAMember:
		return fmt.Sprintf("%s: %q is not a member of %q", what, e.User, namespace)
	case RoleTooLow:
		return fmt.Sprintf("%s: %q has the role %q in %q", what, e.User, e.Role, namespace)
	}
	return e.err.Error()
}

// Unwrap is the hub's answer, if there was one.
func (e *PermissionError) Unwrap() error { return e.err }

// MayWrite finds out, without changing anything, whether the token may commit
// to the target, or create it: a *PermissionError if not. A repo that exists is
// asked whether it would take a file; where one is to be created, what the hub
// tells of the token decides. Hubs that tell nothing are no reason to fail.
func (c *Client) MayWrite(ctx context.Context, t Target) (*TargetState, error) {
	s, err := c.Look(ctx, t)
	if err != nil {
		return nil, err
	}
	refused := &PermissionError{Repo: t.Repo.String(), Create: !s.Exists}
	switch {
	case !c.HasToken():
		refused.Reason = NoToken
		return s, refused
	case s.Exists:
		return s, c.probeWrite(ctx, t, s)
	}
	who, err := c.WhoAmI(ctx)
	switch {
	case errors.Is(err, ErrNotFound): // not every hub has it
		return s, nil
	case err != nil:
		return s, err
	case refused.judge(who, t.Repo):
		return s, refused
	}
	return s, nil
}

// probeWrite asks how an empty file would be uploaded, which a repo answers
// only to those who may commit.
func (c *Client) probeWrite(ctx context.Context, t Target, s *TargetState) error {
	r := request{op: "asking whether the token may write to", repo: t.Repo, method: http.MethodPost, write: true}
	branch := revOr(t.Branch)
	if !s.BranchExists {
		branch = "main"
	}
	r.url = t.Repo.apiPath("preupload", branch)
	if t.PullRequest {
		r.url += "?create_pr=1"
	}
	if err := r.jsonBody(wire.PreuploadRequest{Files: []wire.PreuploadFile{{Path: "README.md", Sample: []byte{}}}}); err != nil {
		return err
	}
	_, err := c.call(ctx, r, nil)
	if errors.Is(err, ErrForbidden) || errors.Is(err, ErrUnauthorized) {
		return &PermissionError{Repo: t.Repo.String(), Reason: HubRefuses, err: err}
	}
	if errors.Is(err, ErrNotFound) { // a look-alike, or an empty repo
		return nil
	}
	return err
}

// judge fills in why the token's holder may not create the repo, and tells
// whether there is a reason.
func (e *PermissionError) judge(who *User, repo Repo) bool {
	e.User = who.Name
	namespace, _ := repo.split()
	org := slices.IndexFunc(who.Orgs, func(o wire.Org) bool { return strings.EqualFold(o.Name, namespace) })
	token := who.Auth.AccessToken
	switch {
	case token.Role == "read":
		e.Reason = ReadOnlyToken
	case token.FineGrained != nil && !token.FineGrained.Allows(repo.Type, repo.ID, wire.PermissionWrite):
		e.Reason = OutOfScope
	case who.AnyNamespace, namespace == "", strings.EqualFold(who.Name, namespace):
	case org < 0:
		e.Reason, e.Uncertain = NotAMember, true
	case who.Orgs[org].Role == "read", who.Orgs[org].Role == "no_access":
		e.Reason, e.Role = RoleTooLow, who.Orgs[org].Role
	}
	return e.Reason != 0
}
