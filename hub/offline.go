package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"longcat/hub/cache"
	"longcat/hub/internal/wire"
)

// MissingError tells that files are wanted of which only the cache was asked, and
// that it does not have them. errors.Is ErrOffline holds for it, and
// fs.ErrNotExist.
type MissingError struct {
	Repo   Repo
	Commit string
	Files  []string
}

func (e *MissingError) Error() string {
	const most = 10
	list := strings.Join(e.Files[:min(len(e.Files), most)], ", ")
	if more := len(e.Files) - most; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("offline: the cache has %q at %s without %s", e.Repo, e.Commit, list)
}

func (e *MissingError) Unwrap() []error { return []error{ErrOffline, fs.ErrNotExist} }

// wanted refuses a plan offline of which files are missing.
func (p *DownloadPlan) wanted() error {
	e := &MissingError{Repo: p.Repo, Commit: p.Commit}
	for _, f := range p.Files {
		if f.Local == "" {
			e.Files = append(e.Files, f.Path)
		}
	}
	if !p.client.cfg.Offline || e.Files == nil {
		return nil
	}
	return e
}

// planOffline plans from what the cache knows of the commit that the revision
// stood for when the hub was last asked. Files that are known to belong to it and
// are not there are in the plan without a place.
func (c *Client) planOffline(o DownloadOptions, s store) (*DownloadPlan, error) {
	rev := revOr(o.Revision)
	commit, err := s.commitOffline(rev)
	if err != nil {
		return nil, fmt.Errorf("looking for %q in the cache: %w", o.Repo, errors.Join(ErrOffline, err))
	}
	plan := &DownloadPlan{Repo: o.Repo, Commit: commit, client: c, store: s, revision: rev}
	entries, _ := c.recall(s, o.Repo, commit)
	selected := o.Matcher()
	switch {
	case len(o.Files) > 0:
		for _, path := range o.Files {
			if e, ok := c.entry(o.Repo, commit, path); ok {
				plan.add(e.planned())
			} else {
				plan.add(PlannedFile{Path: path, Size: -1})
			}
		}
	case entries != nil:
		for _, e := range entries {
			if selected(e.Path) && !own(o, e.Path) {
				plan.addListed(e)
			}
		}
	default:
		files, err := s.filesOffline(commit)
		if err != nil {
			return nil, fmt.Errorf("looking for %q in the cache: %w", o.Repo, errors.Join(ErrOffline, err))
		}
		for _, path := range files {
			if selected(path) {
				plan.add(PlannedFile{Path: path, Size: -1})
			}
		}
		plan.unlisted = true
	}
	return plan, nil
}

// recall reads the listing of a commit that was kept on disk, and reports whether
// this user keeps it. It then replaces the question to the hub.
func (c *Client) recall(s store, repo Repo, commit string) (entries []Entry, mine bool) {
	key := repo.String() + "@" + commit
	if known, ok := c.listings.get(key); ok {
		return known, true
	}
	files, mine, err := s.tree(commit)
	if err != nil {
		return nil, false
	}
	entries = []Entry{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		f := files[path]
		e := Entry{Path: path, Size: f.Size, BlobID: trimEtag(f.BlobID), SHA256: f.SHA256}
		if f.SHA256 != "" {
			e.Size = f.LFSSize
		}
		if sha256Hex.MatchString(f.Xet) {
			e.xet = f.Xet
		}
		if e.odd = wire.CheckPath(path) != nil; e.odd || e.check(repo) == nil {
			entries = append(entries, e)
		}
	}
	if mine || c.cfg.Offline {
		c.listings.put(key, entries)
	}
	return entries, mine
}

// keep writes what a commit lists to disk, for when the hub can not be asked. It
// is no loss where that fails.
func (c *Client) keep(s store, repo Repo, commit string) {
	known, ok := c.listings.get(repo.String() + "@" + commit)
	if !ok {
		return
	}
	if _, mine, err := s.tree(commit); err == nil && mine {
		return
	}
	files := map[string]cache.TreeFile{}
	for _, e := range known {
		if e.BlobID == "" && e.SHA256 == "" {
			return // not what the Python tools could use
		}
		f := cache.TreeFile{Size: e.Size, BlobID: e.BlobID, SHA256: e.SHA256, Xet: e.xet}
		if e.SHA256 != "" {
			f.LFSSize = e.Size
		}
		files[e.Path] = f
	}
	_ = s.setTree(commit, files)
}

var errNoAnswer = errors.New("no answer yet")

// planCached answers from the cache when the hub could not be asked because of
// err, or err.
func (c *Client) planCached(ctx context.Context, o DownloadOptions, s store, err error) (*DownloadPlan, error) {
	if ctx.Err() != nil || !unreachable(err) {
		return nil, err
	}
	plan, cerr := c.planOffline(o, s)
	if cerr != nil || !slices.ContainsFunc(plan.Files, func(f PlannedFile) bool { return f.Local != "" }) {
		return nil, err
	}
	c.away.Store(time.Now().UnixNano())
	c.notify("the hub does not answer (%v): the cache does, where %s of %q is %s. HF_HUB_OFFLINE=1 asks the cache alone", err, plan.revision, o.Repo, plan.Commit)
	return plan, nil
}

// mayAnswer tells whether the cache knows a revision.
func (c *Client) mayAnswer(o DownloadOptions, s store) bool {
	plan, err := c.planOffline(o, s)
	return err == nil && slices.ContainsFunc(plan.Files, func(f PlannedFile) bool { return f.Local != "" })
}

// isAway tells that the hub did not answer a moment ago.
func (c *Client) isAway() bool { return time.Now().UnixNano()-c.away.Load() < int64(hubAway) }

// unreachable tells that the hub, or what it stands on, is down.
func unreachable(err error) bool {
	var he *Error
	var ne *NetworkError
	switch {
	case errors.Is(err, errNoAnswer):
		return true
	case errors.As(err, &he):
		return unavailable(he.Status) || he.Status >= 500
	case errors.As(err, &ne):
		return !permanent(ne.Err)
	}
	return false
}
