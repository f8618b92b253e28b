package hub

import (
	"context"

	"longcat/hub/internal/wire"
)

// PlanDownload resolves the revision and lists the files that Download would
// fetch, without fetching any. Offline it plans from the cache.
func (c *Client) PlanDownload(ctx context.Context, o DownloadOptions) (*DownloadPlan, error) {
	if err := wire.CheckRepoID(o.Repo.ID); err != nil {
		return nil, err
	}
	store, err := c.store(o)
	if err != nil {
		return nil, err
	}
	if c.cfg.Offline {
		plan, err := c.planOffline(o, store)
		if err == nil && plan.unlisted {
			c.notify("which files %q has at %s is not known offline: those count that were downloaded before", o.Repo, plan.Commit)
		}
		return plan, err
	}
	ask := ctx
	if c.mayAnswer(o, store) {
		if c.isAway() {
			return c.planCached(ctx, o, store, errNoAnswer)
		}
		var cancel context.CancelFunc
		ask, cancel = context.WithTimeoutCause(ctx, c.patience, errNoAnswer)
		defer cancel()
	}
	commit, err := c.commitOf(ask, o)
	if err != nil {
		return c.planCached(ctx, o, store, err)
	}
	if commit != o.Revision {
		ask = ctx // the cache may have another commit's files
	}
	plan := &DownloadPlan{Repo: o.Repo, Commit: commit, client: c, store: store, revision: revOr(o.Revision)}
	if err := c.planListed(ask, o, plan); err != nil {
		return c.planCached(ctx, o, store, err)
	}
	return plan, nil
}
