package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/internal/durable"
)

// DownloadPlan is what a download would do, file by file.
type DownloadPlan struct {
	Repo   Repo          `json:"-"`
	Commit string        `json:"commit"`
	Files  []PlannedFile `json:"files"`

	client   *Client
	store    store
	revision string // that the commit was found by
}

// PlannedFile is one file of a plan.
type PlannedFile struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`            // bytes; -1 when only the cache was asked
	Local string `json:"local,omitempty"` // where its content is, when nothing has to be fetched
	Hash  string `json:"hash,omitempty"`  // sha256 of a large file, git blob id of a small one; "" when not known

	entry    Entry
	unlinked bool // Local is not the file's own place yet
}

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
		return c.planOffline(o, store)
	}
	commit, err := c.commitOf(ctx, o)
	if err != nil {
		return nil, err
	}
	plan := &DownloadPlan{Repo: o.Repo, Commit: commit, client: c, store: store, revision: revOr(o.Revision)}
	add := func(p PlannedFile) {
		if local, ok := store.lookup(plan.Commit, p.Path); ok && fits(store, local, p) {
			p.Local = local
		} else if local, ok := store.holds(p.Path, p.Hash, p.Size); ok {
			p.Local, p.unlinked = local, true
		}
		plan.Files = append(plan.Files, p)
	}
	if len(o.Files) > 0 {
		return plan, c.planNamed(ctx, o, store, plan.Commit, add)
	}
	selected := o.Matcher()
	for e, err := range c.Tree(ctx, o.Repo, plan.Commit) {
		switch {
		case err != nil:
			return nil, err
		case !selected(e.Path) || (o.LocalDir != "" && strings.HasPrefix(e.Path, ".cache/huggingface/")):
		default:
			add(e.planned())
		}
	}
	return plan, nil
}

func (e Entry) planned() PlannedFile {
	return PlannedFile{Path: e.Path, Size: e.Size, Hash: e.Hash(), entry: e}
}

// planNamed looks up files by their names, in one question where the hub has it.
func (c *Client) planNamed(ctx context.Context, o DownloadOptions, store store, commit string, add func(PlannedFile)) error {
	known, err := c.entries(ctx, o.Repo, commit, slices.DeleteFunc(slices.Clone(o.Files), func(path string) bool {
		_, ok := c.entry(o.Repo, commit, path)
		return ok || wire.CheckPath(path) != nil
	}))
	if err != nil {
		return err
	}
	for _, path := range o.Files {
		e, ok := c.entry(o.Repo, commit, path)
		if !ok {
			e, ok = known[path]
		}
		if ok && c.listedFile(o.Repo, commit, e) != nil {
			add(e.planned())
			continue
		}
		f, err := c.Resolve(ctx, o.Repo, commit, path)
		var he *Error
		if errors.As(err, &he) && he.Code == wire.CodeEntryNotFound {
			_ = store.missing(commit, path) // only saves a question
		}
		if err != nil {
			return err
		}
		add(PlannedFile{Path: path, Size: f.Size, Hash: f.Etag})
	}
	return nil
}

// commitOf is the commit that the revision stands for. Some servers have files
// and nothing else: there each file names it.
func (c *Client) commitOf(ctx context.Context, o DownloadOptions) (string, error) {
	if commitID.MatchString(o.Revision) {
		return o.Revision, nil
	}
	info, err := c.RepoInfo(ctx, o.Repo, o.Revision)
	if err == nil {
		return info.SHA, nil
	}
	var he *Error
	if len(o.Files) > 0 && errors.As(err, &he) && he.Code == "" && (he.Status == http.StatusNotFound || he.Status == http.StatusBadRequest || he.Status == http.StatusMethodNotAllowed) {
		if f, ferr := c.Resolve(ctx, o.Repo, o.Revision, o.Files[0]); ferr == nil {
			return f.Commit, nil
		}
	}
	return "", err
}

func (c *Client) planOffline(o DownloadOptions, s store) (*DownloadPlan, error) {
	commit, files, err := s.offline(revOr(o.Revision))
	if err != nil {
		return nil, fmt.Errorf("looking for %q in the cache: %w", o.Repo, errors.Join(ErrOffline, err))
	}
	selected := o.Matcher()
	if len(o.Files) > 0 {
		files, selected = o.Files, func(string) bool { return true }
	}
	plan := &DownloadPlan{Repo: o.Repo, Commit: commit, client: c, store: s, revision: revOr(o.Revision)}
	for _, path := range files {
		local, ok := s.lookup(commit, path)
		if !ok {
			return nil, fmt.Errorf("looking for file %q of %q in the cache: %w", path, o.Repo, errors.Join(ErrOffline, fs.ErrNotExist))
		}
		if selected(path) {
			plan.Files = append(plan.Files, PlannedFile{Path: path, Size: -1, Local: local, Hash: s.hash(local)})
		}
	}
	return plan, nil
}

// DiskError tells that what is to be fetched does not fit.
type DiskError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%d bytes are to be fetched, the disk of %q has %d free", e.Need, e.Dir, e.Free)
}

// enoughSpace fails before the first byte when the end is foreseeable. What
// unfinished files take already will be part of them.
func enoughSpace(plan *DownloadPlan, dir string, partial int64) error {
	free, err := durable.Free(dir)
	if err != nil {
		return nil //nolint:nilerr // a filesystem that can not tell is tried
	}
	var need int64
	for _, f := range plan.Files {
		if f.Local == "" {
			need += min(f.Size, math.MaxInt64-need)
		}
	}
	if need-partial > free {
		return &DiskError{Dir: dir, Need: need - partial, Free: free}
	}
	return nil
}
