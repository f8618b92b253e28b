package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Hub is a hub as a source.
type Hub struct {
	client *hub.Client
	Pulls  bool // pull requests are mirrored, too
}

// FromHub makes a source of the hub that a client talks to.
func FromHub(c *hub.Client) *Hub { return &Hub{client: c} }

// Name implements Source: it is the endpoint.
func (h *Hub) Name() string { return h.client.Endpoint() }

// Repos implements Source.
func (h *Hub) Repos(ctx context.Context, kind hub.RepoType, author string) iter.Seq2[store.RepoID, error] {
	return func(yield func(store.RepoID, error) bool) {
		for r, err := range h.client.Repos(ctx, kind, author) {
			if !yield(store.RepoID{Type: r.Type, Name: r.ID}, err) || err != nil {
				return
			}
		}
	}
}

// at is what the client calls the repo.
func at(id store.RepoID) hub.Repo { return hub.Repo{Type: id.Type, ID: id.Name} }

// Repo implements Source.
func (h *Hub) Repo(ctx context.Context, id store.RepoID) (*Repo, error) {
	branches, tags, err := h.client.Refs(ctx, at(id))
	if errors.Is(err, hub.ErrRepoNotFound) {
		return nil, errors.Join(ErrGone, err)
	}
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	described := "" // where the repo is asked about itself: one need not have a main branch
	for kind, list := range map[string][]hub.Ref{store.Heads: branches, store.Tags: tags} {
		for _, f := range list {
			if err := store.CheckRefName(f.Name); err != nil {
				return nil, err
			}
			if !store.IsCommitID(f.Commit) {
				return nil, fmt.Errorf("%s names no commit: %q", f.Name, f.Commit)
			}
			refs[store.Ref{Kind: kind, Name: f.Name}.Full()] = f.Commit
			if described == "" || f.Name == store.DefaultBranch {
				described = f.Commit
			}
		}
	}
	if h.Pulls {
		pulls, err := h.client.PullRefs(ctx, at(id))
		if err != nil {
			return nil, err
		}
		for _, f := range pulls {
			if kind, name, ok := store.SplitRef(f.Name); !ok || kind != store.Pulls || store.CheckRefName(name) != nil || !store.IsCommitID(f.Commit) {
				return nil, fmt.Errorf("%q is no pull request", f.Name)
			}
			refs[f.Name] = f.Commit
		}
	}
	info, err := h.client.RepoInfo(ctx, at(id), described)
	if err != nil {
		return nil, err
	}
	id.Name = info.ID
	return &Repo{From: id, Refs: refs, Settings: store.Settings{
		Private: info.Private, Gated: wire.Gated(info.Gated), Disabled: info.Disabled, Upstream: h.Name(),
	}}, nil
}

// Files implements Source.
func (h *Hub) Files(ctx context.Context, id store.RepoID, commit string) ([]store.File, error) {
	var files []store.File
	for e, err := range h.client.Tree(ctx, at(id), commit) {
		if err != nil {
			return nil, err
		}
		f := store.File{Path: e.Path, OID: e.BlobID, Size: e.Size, LFS: e.SHA256}
		if f.LFS != "" {
			f.OID = store.BlobID([]byte(wire.LFSPointer(f.LFS, f.Size)))
		}
		if !store.IsCommitID(f.OID) || f.LFS != "" && !store.IsSHA256(f.LFS) {
			return nil, fmt.Errorf("the hub does not tell the hash of %q", f.Path)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// History implements Source: the parent of each commit is the next one.
func (h *Hub) History(ctx context.Context, id store.RepoID, commit string) iter.Seq2[store.Commit, error] {
	return func(yield func(store.Commit, error) bool) {
		var last *store.Commit
		for c, err := range h.client.Commits(ctx, at(id), commit) {
			if err != nil {
				yield(store.Commit{}, err)
				return
			}
			if last != nil {
				if last.Parent = c.ID; !yield(*last, nil) {
					return
				}
			}
			last = &store.Commit{ID: c.ID, Author: c.Author, Title: c.Title, Message: c.Message, Date: c.Date}
		}
		if last != nil {
			yield(*last, nil)
		}
	}
}

// Open implements Source.
func (h *Hub) Open(ctx context.Context, id store.RepoID, commit string, f store.File) (*io.SectionReader, io.Closer, error) {
	return h.client.Open(ctx, at(id), commit, f.Path)
}

// Fetch downloads files into a directory over several connections, resuming what
// an earlier call left there, and checks their hashes. It returns the path of each.
func (h *Hub) Fetch(ctx context.Context, id store.RepoID, commit string, files []store.File, dir string, o Options) (map[string]string, error) {
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	snap, err := h.client.Download(ctx, hub.DownloadOptions{
		Repo: at(id), Revision: commit, LocalDir: dir, Selection: hub.Selection{Files: names},
		FetchOptions: hub.FetchOptions{Check: hub.CheckAlways, Repair: true, Progress: o.Progress},
	})
	if err != nil {
		return nil, err
	}
	return snap.Files, nil
}
