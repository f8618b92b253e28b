package pullthrough

import (
	"context"
	"errors"
	"fmt"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

// fetch reads a repo's settings, its refs and one revision from the upstream
// into the store.
func (c *Cache) fetch(ctx context.Context, id store.RepoID, rev string) error {
	repo, err := c.source.Repo(ctx, id)
	if err != nil {
		return err
	}
	commit, err := c.commitOf(ctx, repo, rev)
	if err != nil {
		return err
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	r, err := c.store.Repo(id)
	isNew := errors.Is(err, store.ErrNoRepo)
	if isNew {
		r, err = c.store.Draft(id)
	}
	if err != nil || !isNew && r.Upstream == "" { // made here meanwhile
		return err
	}
	head, err := c.save(ctx, r, commit)
	if err != nil {
		return err
	}
	if isNew {
		c.opts.Notify(fmt.Sprintf("%s: new from %s", id, c.source.Name()))
		if err := r.UpdateRefs(replace(repo.Refs)); err != nil {
			return err
		}
		return r.Finish(ctx, repo.Settings, head.Date)
	}
	now := repo.Settings
	now.Granted = r.Granted
	if r.Private != now.Private || r.Gated != now.Gated || r.Disabled != now.Disabled { // before anything new is seen
		if _, err := r.Configure(ctx, func(s *store.Settings) { *s = now }); err != nil {
			return err
		}
	}
	return r.Locked(ctx, func() error { return r.UpdateRefs(replace(repo.Refs)) })
}

// commitOf is the commit that a revision stands for. A pull request's joins the
// refs: hubs do not list them.
func (c *Cache) commitOf(ctx context.Context, repo *mirror.Repo, rev string) (string, error) {
	for _, full := range []string{rev, "refs/heads/" + rev, "refs/tags/" + rev} {
		if commit, ok := repo.Refs[full]; ok {
			return commit, nil
		}
	}
	info, err := c.upstream.RepoInfo(ctx, hub.Repo{Type: repo.From.Type, ID: repo.From.Name}, rev)
	if err != nil {
		return "", err
	}
	if kind, _, ok := store.SplitRef(rev); ok && kind == store.Pulls {
		repo.Refs[rev] = info.SHA
	}
	return info.SHA, nil
}

// replace makes the branches and tags those that the upstream has. What is
// known of pull requests stays.
func replace(refs map[string]string) func(map[string]string) {
	return func(now map[string]string) {
		for name := range now {
			if kind, _, _ := store.SplitRef(name); kind != store.Pulls {
				delete(now, name)
			}
		}
		for name, commit := range refs {
			now[name] = commit
		}
	}
}

// described are the small files that answers about a repo are made of.
var described = []string{"README.md", "config.json"}

// maxHistory is how many earlier commits are saved with one: a page of the Hub's
// list.
const maxHistory = 49

// save keeps a commit with the list of its files, after what describes it and
// what came before it.
func (c *Cache) save(ctx context.Context, r *store.Repo, commit string) (*store.Commit, error) {
	if known, err := r.Commit(commit); err == nil {
		return known, nil
	}
	files, err := c.source.Files(ctx, r.ID, commit)
	if err != nil {
		return nil, err
	}
	var history []store.Commit
	for h, err := range c.source.History(ctx, r.ID, commit) {
		if err != nil {
			return nil, err
		}
		if history = append(history, h); len(history) > maxHistory {
			break
		}
	}
	if len(history) == 0 || history[0].ID != commit {
		return nil, fmt.Errorf("the list of commits does not begin with %s", commit)
	}
	head := store.NewCommit(history[0], files)
	for _, name := range described {
		if f, ok := head.Find(name); ok && f.LFS == "" {
			if err := c.fetchBlob(ctx, r, commit, f); err != nil {
				return nil, err
			}
		}
	}
	for _, before := range history[1:] {
		if err := r.SaveHeader(before); err != nil {
			return nil, err
		}
	}
	return head, r.SaveCommit(head)
}
