package pullthrough

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"longcat/hub"
	"longcat/hub/localhub/store"
)

// awayFor is how long an upstream that gave no answer is not asked again.
const awayFor = 10 * time.Second

// knownPatience is how long who asks for what is here waits for the upstream's
// word: less than clients wait for an answer.
const knownPatience = 3 * time.Second

// UnreachableError means that the upstream gave no answer, and that the
// directory has none.
type UnreachableError struct {
	Endpoint string
	Err      error // nil if it was found unreachable a moment ago
}

func (e *UnreachableError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("the upstream %s can not be reached", e.Endpoint)
	}
	return fmt.Sprintf("the upstream %s can not be reached: %v", e.Endpoint, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// Follow makes the store know a revision ("" is the default branch) of a repo
// as the upstream has it: settings, refs, and the list of its files, whose
// content [Cache.Open] fetches. That the upstream has no such repo or revision
// is no error: the store then lacks it, or keeps what it had. It fails with an
// [*UnreachableError] if neither has an answer.
func (c *Cache) Follow(ctx context.Context, id store.RepoID, rev string) error {
	rev = cmp.Or(rev, store.DefaultBranch)
	r, err := c.store.Find(id)
	if err == nil && (r.Upstream == "" || store.IsCommitID(rev) && has(r, rev)) {
		return nil // its own, or what does not change
	}
	known := err == nil && has(r, rev)
	if known {
		id = r.ID // another letter case is no other repo
	}
	key := id.String() + "@" + rev
	last, fresh := c.lastAnswer(key, known)
	if fresh {
		if _, away := errors.AsType[*UnreachableError](last); away && known {
			return nil
		}
		return last
	}
	wait, cancel := ctx, context.CancelFunc(func() {})
	if known {
		wait, cancel = context.WithTimeout(ctx, knownPatience)
	}
	defer cancel()
	last = c.once(wait, key, func(ctx context.Context) error { return c.ask(ctx, key, id, rev) })
	if _, away := errors.AsType[*UnreachableError](last); known && (away || wait.Err() != nil && ctx.Err() == nil) {
		c.opts.Notify(fmt.Sprintf("%s@%s as it was last: %v", id, rev, last))
		return nil
	}
	return last
}

// has reports whether the store lists the files of a revision.
func has(r *store.Repo, rev string) bool {
	_, err := r.Resolve(rev)
	return err == nil
}

// lastAnswer is what is still believed of a revision, if anything is: that it
// is there only while it is known, since copies can be deleted.
func (c *Cache) lastAnswer(key string, known bool) (err error, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.asked[key]; ok && a.there == known && time.Since(a.at) < c.opts.Fresh {
		return nil, true
	}
	if time.Now().Before(c.away) {
		return &UnreachableError{Endpoint: c.upstream.Endpoint()}, true
	}
	return nil, false
}

// ask asks the upstream and saves what it says.
func (c *Cache) ask(ctx context.Context, key string, id store.RepoID, rev string) error {
	ctx, cancel := context.WithTimeout(ctx, c.opts.Patience)
	defer cancel()
	err := c.fetch(ctx, id, rev)
	refused := errors.Is(err, hub.ErrUnauthorized) || errors.Is(err, hub.ErrForbidden)
	if refused && c.upstream.HasToken() {
		c.opts.Notify(fmt.Sprintf("%s: %v", id, err))
	}
	there := err == nil
	if refused || errors.Is(err, hub.ErrNotFound) {
		err = nil // there is none that we may see
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case unreachable(err):
		c.away = time.Now().Add(min(awayFor, c.opts.Fresh))
		return &UnreachableError{c.upstream.Endpoint(), err}
	case err != nil: // a failure of ours, such as a full disk, is tried again at once
		return err
	case len(c.asked) >= maxAnswers:
		clear(c.asked)
	}
	c.asked[key] = answer{there, time.Now()}
	return nil
}

// unreachable reports whether an error means that the hub is down or failing, not
// that it refused.
func unreachable(err error) bool {
	if _, ok := errors.AsType[*hub.NetworkError](err); ok || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	e, ok := errors.AsType[*hub.Error](err)
	return ok && (e.Status >= 500 || errors.Is(err, hub.ErrRateLimited))
}
