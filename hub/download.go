package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/cache"
	"longcat/hub/wire"
)

// DownloadOptions say what to fetch and where to. Without LocalDir files go to
// the client's cache.
type DownloadOptions struct {
	Repo     Repo
	Revision string // branch, tag or commit; "main" when empty
	Selection
	LocalDir string
	Workers  int   // connections at a time; 8 when 0
	Rate     int64 // bytes per second in all; unlimited when 0

	Progress Progress
	Waiting  func(path string) // another process is fetching this file; may be nil
}

// DownloadPlan is what a download would do, file by file.
type DownloadPlan struct {
	Repo   Repo          `json:"-"`
	Commit string        `json:"commit"`
	Files  []PlannedFile `json:"files"`
}

// PlannedFile is one file of a plan.
type PlannedFile struct {
	Path  string `json:"path"`
	Size  int64  `json:"size"`            // bytes; -1 when only the cache was asked
	Local string `json:"local,omitempty"` // where it is, when nothing has to be fetched
}

// Snapshot is a downloaded revision.
type Snapshot struct {
	Commit string
	Dir    string            // folder that shows the files
	Files  map[string]string // path in the repo → path on disk
}

// PlanDownload resolves the revision and lists the files that Download would
// bring, without fetching any. Offline it plans from the cache.
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
	info, err := c.RepoInfo(ctx, o.Repo, o.Revision)
	if err != nil {
		return nil, err
	}
	plan := &DownloadPlan{Repo: o.Repo, Commit: info.SHA}
	add := func(path string, size int64) {
		p := PlannedFile{Path: path, Size: size}
		if local, ok := store.lookup(plan.Commit, path); ok {
			p.Local = local
		}
		plan.Files = append(plan.Files, p)
	}
	if len(o.Files) > 0 {
		for _, path := range o.Files {
			f, err := c.Resolve(ctx, o.Repo, plan.Commit, path)
			if err != nil {
				if errors.Is(err, ErrEntryNotFound) {
					err = errors.Join(err, store.missing(plan.Commit, path))
				}
				return nil, err
			}
			add(path, f.Size)
		}
		return plan, nil
	}
	selected := o.Matcher()
	for e, err := range c.Tree(ctx, o.Repo, plan.Commit) {
		if err != nil {
			return nil, err
		}
		if selected(e.Path) && !(o.LocalDir != "" && strings.HasPrefix(e.Path, ".cache/huggingface/")) {
			size := e.Size
			if e.LFS != nil {
				size = e.LFS.Size
			}
			add(e.Path, size)
		}
	}
	return plan, nil
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
	plan := &DownloadPlan{Repo: o.Repo, Commit: commit}
	for _, path := range files {
		local, ok := s.lookup(commit, path)
		if !ok {
			return nil, fmt.Errorf("looking for file %q of %q in the cache: %w", path, o.Repo, errors.Join(ErrOffline, fs.ErrNotExist))
		}
		if selected(path) {
			plan.Files = append(plan.Files, PlannedFile{Path: path, Size: -1, Local: local})
		}
	}
	return plan, nil
}

// Download brings the selected files of a revision and returns where they are.
// Files that are there already are not fetched again; interrupted ones go on
// where they were.
func (c *Client) Download(ctx context.Context, o DownloadOptions) (*Snapshot, error) {
	plan, err := c.PlanDownload(ctx, o)
	if err != nil {
		return nil, err
	}
	return c.Fetch(ctx, plan, o)
}

// Fetch carries out a plan.
func (c *Client) Fetch(ctx context.Context, plan *DownloadPlan, o DownloadOptions) (*Snapshot, error) {
	store, err := c.store(o)
	if err != nil {
		return nil, err
	}
	snap := &Snapshot{Commit: plan.Commit, Dir: store.dir(plan.Commit), Files: map[string]string{}}
	if err := enoughSpace(plan, snap.Dir); err != nil {
		return nil, err
	}
	workers := cmp.Or(o.Workers, 8)
	d := &downloader{c: c, store: store, lim: newLimits(workers, o.Rate), opts: o, commit: plan.Commit}
	locals := make([]string, len(plan.Files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i, f := range plan.Files {
		if f.Local != "" {
			locals[i] = f.Local
			continue
		}
		g.Go(func() (err error) {
			locals[i], err = d.file(gctx, f.Path)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	for i, f := range plan.Files {
		snap.Files[f.Path] = locals[i]
	}
	if c.cfg.Offline {
		return snap, nil
	}
	return snap, store.finish(revOr(o.Revision), plan.Commit)
}

// downloader fetches the files of one commit into one store.
type downloader struct {
	c      *Client
	store  store
	lim    *limits
	opts   DownloadOptions
	commit string
}

// file brings one file and returns its place. Content that turns out wrong, or
// that changed meanwhile, is fetched anew once.
func (d *downloader) file(ctx context.Context, path string) (string, error) {
	for again := false; ; again = true {
		f, err := d.c.Resolve(ctx, d.opts.Repo, d.commit, path)
		if err != nil {
			return "", err
		}
		local, err := d.locked(ctx, f)
		var wrong *cache.HashError
		if err == nil || again || !(errors.As(err, &wrong) || errors.Is(err, ErrChanged)) {
			if err != nil && ctx.Err() == nil {
				err = d.named(f, err)
			}
			return local, err
		}
	}
}

// named says which file an error of the disk or of the hash belongs to.
func (d *downloader) named(f *File, err error) error {
	var he *Error
	if errors.As(err, &he) || strings.Contains(err.Error(), f.Path) {
		return err
	}
	return fmt.Errorf("downloading %q of %q: %w", f.Path, f.Repo, err)
}

// locked fetches while no other process does; one that had to wait may find
// the work done.
func (d *downloader) locked(ctx context.Context, f *File) (string, error) {
	lock, err := cache.AcquireLock(ctx, d.store.lockPath(f), func() {
		if d.opts.Waiting != nil {
			d.opts.Waiting(f.Path)
		}
	})
	if err != nil {
		return "", err
	}
	defer lock.Release()
	have, err := d.store.has(f)
	if err != nil {
		return "", err
	}
	if !have {
		if err := d.fetch(ctx, f); err != nil {
			return "", err
		}
	}
	return d.store.keep(f, time.Now())
}

// resumable is the size from which a file is worth a journal.
const resumable = 2 << 20

func (d *downloader) fetch(ctx context.Context, f *File) (err error) {
	meter := start(d.opts.Progress, "download", f.Path, f.Size)
	defer meter.Done()
	base, final := d.store.paths(f)
	if f.Size < resumable {
		return d.fetchSmall(ctx, f, final, meter)
	}
	part, err := cache.OpenPart(base, content(f))
	if err != nil {
		return err
	}
	meter.Add(part.Arrived())
	if err := d.c.transfer(ctx, f, part, d.lim, meter); err != nil {
		if errors.Is(err, ErrChanged) {
			return errors.Join(err, part.Discard())
		}
		return errors.Join(err, part.Close())
	}
	return part.Finish(final)
}

// fetchSmall holds the file in memory: beginning anew is cheaper than a journal.
func (d *downloader) fetchSmall(ctx context.Context, f *File, final string, meter Meter) error {
	s := &memorySink{buf: make([]byte, f.Size)}
	if err := d.c.transfer(ctx, f, s, d.lim, meter); err != nil {
		return err
	}
	if err := content(f).Check(s.buf); err != nil {
		return err
	}
	return cache.WriteFile(final, s.buf)
}

// memorySink takes a file that is fetched whole.
type memorySink struct {
	mu      sync.Mutex
	buf     []byte
	arrived int64
}

func (m *memorySink) WriteAt(b []byte, off int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.arrived = off + int64(len(b)) // one range, in order
	return copy(m.buf[off:], b), nil
}

func (m *memorySink) Missing() []cache.Extent {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.arrived == int64(len(m.buf)) {
		return nil
	}
	return []cache.Extent{{Start: m.arrived, End: int64(len(m.buf))}}
}

// DiskError tells that what is to be fetched does not fit.
type DiskError struct {
	Dir        string
	Need, Free int64 // bytes
}

func (e *DiskError) Error() string {
	return fmt.Sprintf("%d bytes are to be fetched, the disk of %q has %d free", e.Need, e.Dir, e.Free)
}

// enoughSpace fails before the first byte when the end is foreseeable.
func enoughSpace(plan *DownloadPlan, dir string) error {
	var need int64
	for _, f := range plan.Files {
		if f.Local == "" {
			need += f.Size
		}
	}
	free, err := cache.Free(dir)
	if err != nil || free >= need {
		return nil //nolint:nilerr // a filesystem that can not tell is tried
	}
	return &DiskError{Dir: dir, Need: need, Free: free}
}
