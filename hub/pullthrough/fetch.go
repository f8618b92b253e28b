package pullthrough

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// fetch reads a repo's settings, its refs and one revision from the upstream
// into the store.
func (c *Cache) fetch(ctx context.Context, repo hub.Repo, id store.RepoID, rev string) error {
	info, err := c.upstream.RepoInfo(ctx, repo, rev)
	if err != nil {
		return err
	}
	branches, tags, err := c.upstream.Refs(ctx, repo)
	if err != nil {
		return err
	}
	commit, before, err := c.commit(ctx, repo, id, info.SHA)
	if err != nil {
		return err
	}
	refs := map[string]string{}
	for _, b := range branches {
		refs[store.Ref{Kind: store.Heads, Name: b.Name}.Full()] = b.Commit
	}
	for _, t := range tags {
		refs[store.Ref{Kind: store.Tags, Name: t.Name}.Full()] = t.Commit
	}
	if kind, _, ok := store.SplitRef(rev); ok && kind == store.Pulls {
		refs[rev] = info.SHA
	}
	settings := store.Settings{
		Private: info.Private, Gated: wire.Gated(info.Gated), Disabled: info.Disabled, Upstream: c.upstream.Endpoint(),
	}
	c.saving.Lock()
	defer c.saving.Unlock()
	r, err := c.store.Repo(id)
	isNew := errors.Is(err, store.ErrNoRepo)
	if isNew {
		r, err = c.store.Draft(id)
	}
	if err != nil {
		return err
	}
	if !isNew && r.Upstream == "" {
		return nil // made here meanwhile
	}
	if err := c.saveCommit(ctx, r, repo, commit, before); err != nil {
		return err
	}
	if isNew {
		c.opts.Notify(fmt.Sprintf("%s: new from %s", id, c.upstream.Endpoint()))
		return errors.Join(r.UpdateRefs(replace(refs)), r.Finish(ctx, settings, commit.Date))
	}
	if err := r.Locked(ctx, func() error { return r.UpdateRefs(replace(refs)) }); err != nil {
		return err
	}
	if granted := r.Granted; r.Private != settings.Private || r.Gated != settings.Gated || r.Disabled != settings.Disabled {
		_, err = r.Configure(ctx, func(s *store.Settings) { *s = settings; s.Granted = granted })
	}
	return err
}

// replace makes the branches and tags those that the upstream has. What is
// known of pull requests stays: it does not list them.
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

// commit reads a commit with its list of files, and what came before it: the
// newest first, as far as one page of the list goes.
func (c *Cache) commit(ctx context.Context, repo hub.Repo, id store.RepoID, sha string) (*store.Commit, []store.Commit, error) {
	if r, err := c.store.Repo(id); err == nil {
		if known, err := r.Commit(sha); err == nil {
			return known, nil, nil
		}
	}
	history, err := c.history(ctx, repo, sha)
	if err != nil {
		return nil, nil, err
	}
	var files []store.File
	for e, err := range c.upstream.Tree(ctx, repo, sha) {
		if err != nil {
			return nil, nil, err
		}
		f := store.File{Path: e.Path, OID: e.BlobID, Size: e.Size, LFS: e.SHA256}
		if f.LFS != "" {
			f.OID = store.BlobID([]byte(wire.LFSPointer(f.LFS, f.Size)))
		}
		if !store.IsCommitID(f.OID) || f.LFS != "" && !store.IsSHA256(f.LFS) {
			return nil, nil, fmt.Errorf("%s at %s: the upstream does not tell the hash of %q", repo, sha, f.Path)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	return store.NewCommit(history[0], files), history[1:], nil
}

// maxHistory is how many commits are told of beside the one that is asked for:
// a page of the Hub's list.
const maxHistory = 50

// history lists commits from sha on, which is the first.
func (c *Cache) history(ctx context.Context, repo hub.Repo, sha string) ([]store.Commit, error) {
	list := []store.Commit{}
	for h, err := range c.upstream.Commits(ctx, repo, sha) {
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			list[len(list)-1].Parent = h.ID
		}
		list = append(list, store.Commit{ID: h.ID, Title: h.Title, Message: h.Message, Date: h.Date})
		if len(list) == maxHistory {
			break
		}
	}
	if len(list) == 0 || list[0].ID != sha {
		return nil, fmt.Errorf("%s: the upstream's list of commits does not begin with %s", repo, sha)
	}
	return list, nil
}

// described are the small files that answers about a repo are made of.
var described = []string{"README.md", "config.json"}

// saveCommit keeps a commit, after what describes it and what came before it.
func (c *Cache) saveCommit(ctx context.Context, r *store.Repo, repo hub.Repo, commit *store.Commit, before []store.Commit) error {
	for _, name := range described {
		if f, ok := commit.Find(name); ok && f.LFS == "" && !r.HasBlob(f.OID) {
			if err := c.fetchBlob(ctx, r, commit.ID, f); err != nil {
				return err
			}
		}
	}
	for _, b := range before {
		if err := r.SaveHeader(b); err != nil {
			return err
		}
	}
	if _, err := r.Commit(commit.ID); err == nil {
		return nil
	}
	return r.SaveCommit(commit)
}
