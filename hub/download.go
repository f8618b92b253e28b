package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/cache"
	"longcat/internal/durable"
	"longcat/internal/progress"
)

// Download fetches the selected files of a revision and returns where they are.
// Files that are there already are not fetched again; interrupted ones resume
// where they were.
func (c *Client) Download(ctx context.Context, o DownloadOptions) (*Snapshot, error) {
	plan, err := c.PlanDownload(ctx, o)
	if err != nil {
		return nil, err
	}
	return plan.Fetch(ctx, o.FetchOptions)
}

// Fetch carries the plan out: after it every file is where the snapshot says.
func (p *DownloadPlan) Fetch(ctx context.Context, o FetchOptions) (*Snapshot, error) {
	if p.odd != nil {
		return nil, p.odd
	}
	if err := p.wanted(); err != nil {
		return nil, err
	}
	snap := &Snapshot{Commit: p.Commit, Dir: p.store.dir(p.Commit), Files: map[string]string{}}
	if err := p.storable(runtime.GOOS); err != nil {
		return nil, err
	}
	if err := p.unobstructed(); err != nil {
		return nil, err
	}
	if err := p.enoughSpace(snap.Dir); err != nil {
		return nil, err
	}
	if o.Repair {
		o.Check = CheckAlways
	}
	workers := cmp.Or(o.Workers, 8)
	d := &downloader{c: p.client, store: p.store, lim: newLimits(workers, p.client.cfg.Rate > 0), repo: p.Repo, commit: p.Commit, opts: o}
	locals := make([]string, len(p.Files))
	p.tell(o.Progress)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i, f := range p.Files {
		if f.Local != "" && !f.unlinked && o.Check == CheckSize {
			locals[i] = f.Local
			continue
		}
		g.Go(func() (err error) {
			if f.Local != "" {
				err = p.client.checkLocal(gctx, p.store, p.Commit, f, o.Check, o.Progress)
			}
			switch {
			case isCorrupt(err) && o.Repair && !p.client.cfg.Offline:
			case err != nil:
				return err
			case f.Local != "" && !f.unlinked:
				locals[i] = f.Local
				return nil
			}
			locals[i], err = d.file(gctx, f)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	for i, f := range p.Files {
		snap.Files[f.Path] = locals[i]
	}
	if !p.client.cfg.Offline {
		p.tidy(time.Now())
		p.client.keep(p.store, p.Repo, p.Commit)
		p.client.remember(p.store, p.revision, p.Commit)
	}
	return snap, nil
}

// tell says what the plan takes, and what of it is there. Where nothing is
// missing there is no work to speak of.
func (p *DownloadPlan) tell(to Progress) {
	var all, have int64
	for _, f := range p.Files {
		all += max(f.Size, 0)
		if f.Local != "" {
			have += max(f.Size, 0)
		}
	}
	if all == have {
		return
	}
	progress.Expect(to, "downloading", all)
	if have > 0 {
		m := progress.Start(to, "downloading", "", have)
		m.Found(have)
		m.Done()
	}
}

// Remember notes in the cache that a branch or tag stands for a commit of which
// files were downloaded by its id, so that they are found by the name offline.
func (c *Client) Remember(repo Repo, revision, commit string) {
	if store, err := c.store(DownloadOptions{Repo: repo}); err == nil && !c.cfg.Offline {
		c.remember(store, revOr(revision), commit)
	}
}

// remember notes a revision's commit. The files are there without that: a cache
// may be read-only, or hold "x" as a revision where "x/y" is to be noted.
func (c *Client) remember(s store, rev, commit string) {
	if err := s.finish(rev, commit); err != nil {
		c.notify("noting that %s of the repo is %s, for when the hub can not be reached: %v", rev, commit, err)
	}
}

// downloader fetches the files of one commit into one store.
type downloader struct {
	c      *Client
	store  store
	lim    *limits
	repo   Repo
	commit string
	opts   FetchOptions

	mine sync.Map // lock path → *sync.Mutex: files of the same content take turns
}

// fileTries is how often a file is fetched whose content turns out wrong, or
// that changed meanwhile: once more, and after that once more in case the first
// try was over bytes that an earlier process had left.
const fileTries = 3

// file fetches one file and returns where it is. What came as chunks and was
// wrong comes as ranges the next time.
func (d *downloader) file(ctx context.Context, p PlannedFile) (string, error) {
	f := d.c.listedFile(d.repo, d.commit, p.entry)
	var first error
	for try := 1; ; try++ {
		if f == nil || !f.listed {
			var err error
			if f, err = d.c.Resolve(ctx, d.repo, d.commit, p.Path); err != nil {
				return "", err
			}
		}
		local, err := d.locked(ctx, f, try == 1)
		if err == nil || ctx.Err() != nil {
			return local, err
		}
		if err = f.named(err); !f.listed && first != nil {
			err = first // what the listing says counts
		}
		if try == fileTries || !isWrong(err) {
			return "", err
		}
		if f.pointer { // some servers list the pointer of a large file; what they say of the file itself may be a hash
			other, rerr := d.c.Resolve(ctx, d.repo, d.commit, p.Path)
			if rerr == nil && other.newHash() != nil && other.Etag != f.Etag {
				f, first = other, err
			}
		}
	}
}

// isWrong tells that content is not what was promised, which may have happened
// on the way.
func isWrong(err error) bool {
	return errors.As(err, new(*cache.HashError)) || errors.As(err, new(*sizeError)) || errors.Is(err, ErrChanged)
}

// named says which file an error of the connection, the disk or the hash
// belongs to.
func (f *File) named(err error) error {
	var he *Error
	if errors.As(err, &he) || strings.Contains(err.Error(), f.Path) {
		return err
	}
	return fmt.Errorf("downloading %q of %q: %w", f.Path, f.Repo, err)
}

// locked fetches while no other process does; one that had to wait may find
// the work done.
func (d *downloader) locked(ctx context.Context, f *File, chunksAllowed bool) (string, error) {
	mine, _ := d.mine.LoadOrStore(d.store.lockPath(f), new(sync.Mutex))
	mine.(*sync.Mutex).Lock()
	defer mine.(*sync.Mutex).Unlock()
	lock, err := durable.AcquireLock(ctx, d.store.lockPath(f), func() {
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
	part, final := d.store.paths(f)
	if have && d.opts.Repair {
		err := d.c.verifiedIn(d.store).Check(ctx, final, contents(f), true, nil)
		if have = !isCorrupt(err); err != nil && have {
			return "", err
		}
	}
	if !have {
		if err := d.fetch(ctx, f, part, final, chunksAllowed); err != nil {
			return "", err
		}
		if f.newHash() != nil {
			d.c.verifiedIn(d.store).Note(final, f.Etag)
		}
	}
	return d.store.keep(f, time.Now())
}

// resumable is the size from which a file is worth a journal.
const resumable = 2 << 20

func (d *downloader) fetch(ctx context.Context, f *File, base, final string, chunksAllowed bool) (err error) {
	meter := progress.Start(d.opts.Progress, "downloading", f.Path, f.Size)
	defer meter.Done()
	if f.Size < resumable {
		return d.fetchSmall(ctx, f, base, final, meter)
	}
	part, err := cache.OpenPart(base, content(f))
	if err != nil {
		return err
	}
	meter.Found(part.Arrived())
	if err := d.fetchMissing(ctx, f, part, chunksAllowed, meter); err != nil {
		if errors.Is(err, ErrChanged) {
			return errors.Join(err, part.Discard())
		}
		return errors.Join(err, part.Close())
	}
	return part.Finish(final)
}

// fetchSmall holds the file in memory: beginning anew is cheaper than a journal.
func (d *downloader) fetchSmall(ctx context.Context, f *File, part, final string, meter Meter) error {
	s := &memorySink{buf: make([]byte, f.Size)}
	if err := d.c.transfer(ctx, f, s, d.lim, meter); err != nil {
		return err
	}
	return cache.Keep(part, final, s.buf, content(f))
}
