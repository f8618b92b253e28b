package hub

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strings"

	"longcat/hub/cache"
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
	odd      error  // a selected file has a name that no file may be given
	unlisted bool   // the files are those that are there: which others the commit has is not known
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

// planListed adds the files that the commit lists and o selects.
func (c *Client) planListed(ctx context.Context, o DownloadOptions, plan *DownloadPlan) error {
	c.recall(plan.store, o.Repo, plan.Commit)
	if len(o.Files) > 0 {
		return c.planNamed(ctx, o, plan)
	}
	selected := o.Matcher()
	for e, err := range c.tree(ctx, o.Repo, plan.Commit) {
		if err != nil {
			return err
		}
		if selected(e.Path) && !own(o, e.Path) {
			plan.addListed(e)
		}
	}
	if len(plan.Files) == 0 {
		return plan.odd // nothing else is wanted
	}
	return nil
}

func (e Entry) planned() PlannedFile {
	return PlannedFile{Path: e.Path, Size: e.Size, Hash: e.Hash(), entry: e}
}

// planNamed looks up files by their names, in one question where the hub has it.
func (c *Client) planNamed(ctx context.Context, o DownloadOptions, plan *DownloadPlan) error {
	commit := plan.Commit
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
			plan.add(e.planned())
			continue
		}
		f, err := c.Resolve(ctx, o.Repo, commit, path)
		var he *Error
		if errors.As(err, &he) && he.Code == wire.CodeEntryNotFound {
			_ = plan.store.missing(commit, path) // only saves a question
		}
		if err != nil {
			return err
		}
		plan.add(PlannedFile{Path: path, Size: f.Size, Hash: f.Etag})
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

// DiskError tells that what is to be fetched does not fit.
type DiskError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%d bytes are to be fetched, the disk of %q has %d free", e.Need, e.Dir, e.Free)
}

// enoughSpace fails before the first byte when the end is foreseeable. Each
// content is counted once where it is kept once, without what of it arrived
// already; and a file of the right size that nothing is known of is likely the
// right one.
func (p *DownloadPlan) enoughSpace(dir string) error {
	free, err := durable.Free(dir)
	if err != nil {
		return nil // the free space is not known: try
	}
	var need int64
	counted := map[string]bool{}
	for _, f := range p.Files {
		if f.Local != "" || f.Size < 0 {
			continue
		}
		part, final := p.store.paths(&File{Path: f.Path, Commit: p.Commit, Etag: f.Hash})
		if st, err := os.Stat(final); f.Hash != "" && counted[final] || err == nil && st.Size() == f.Size {
			continue
		}
		counted[final] = true
		need += min(max(f.Size-cache.Partial(part), 0), math.MaxInt64-need)
	}
	if need > free {
		return &DiskError{Dir: dir, Need: need, Free: free}
	}
	return nil
}

// DownloadOptions say what to fetch and where to. Without LocalDir files go to
// the client's cache.
type DownloadOptions struct {
	Repo     Repo
	Revision string // branch, tag or commit; "main" when empty
	Selection
	LocalDir string
	FetchOptions
}

// FetchOptions say how to fetch what was planned.
type FetchOptions struct {
	Check   Check // how files that are there already are looked at
	Repair  bool  // fetch files again whose content is wrong, by their hashes, whatever Check says
	Workers int   // connections at a time; 8 when 0

	Progress Progress
	Waiting  func(path string) // another process is fetching this file; may be nil
}

// Snapshot is a downloaded revision.
type Snapshot struct {
	Commit string
	Dir    string            // directory that shows the files
	Files  map[string]string // path in the repo → path on disk
}

// own reports whether a path is in the directory where downloads keep their state.
func own(o DownloadOptions, path string) bool {
	return o.LocalDir != "" && strings.HasPrefix(path, ".cache/huggingface/")
}

// addListed plans a file of the listing. One whose name no file may be given is
// an error when the plan is carried out, and no sooner: others may be wanted.
func (p *DownloadPlan) addListed(e Entry) {
	switch {
	case !e.odd:
		p.add(e.planned())
	case p.odd == nil:
		p.odd = fmt.Errorf("listing files of %q: %w", p.Repo, wire.CheckPath(e.Path))
	}
}

// add plans a file, and finds it if it is there already.
func (p *DownloadPlan) add(f PlannedFile) {
	if local, ok := p.store.lookup(p.Commit, f.Path); ok && fits(p.store, local, f) {
		f.Local = local
		if f.Hash == "" {
			f.Hash = p.store.hash(local)
		}
	} else if local, ok := p.store.holds(f.Path, f.Hash, f.Size); ok && f.Hash != "" {
		f.Local, f.unlinked = local, true
	}
	p.Files = append(p.Files, f)
}
