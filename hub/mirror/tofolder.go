package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"longcat/hub/localhub/store"
)

// Folder is a hub's directory as a destination. A hub may serve it meanwhile.
type Folder struct {
	store  *store.Store
	givers []Giver
}

// Giver may have a file's content on this machine.
type Giver interface {
	// Find names a file that should have this sha256, or "". Its content is
	// checked before it is taken.
	Find(id store.RepoID, sha256 string) string
}

// ToFolder makes a destination of a hub's directory. What givers have is linked
// or copied in place of fetching it.
func ToFolder(s *store.Store, givers ...Giver) *Folder { return &Folder{s, givers} }

// fetcher is a source that downloads many files together, faster than one by one,
// and checks their hashes.
type fetcher interface {
	Fetch(ctx context.Context, id store.RepoID, commit string, files []store.File, dir string, o Options) (map[string]string, error)
}

// Mirror implements Destination.
func (d *Folder) Mirror(ctx context.Context, src Source, repo *Repo, o Options) (Outcome, error) {
	out := Outcome{Repo: repo.As.String(), Refs: len(repo.Refs), Changed: []string{}, Removed: []string{}}
	r, err := d.find(ctx, repo, o, &out)
	isNew := r == nil
	if err != nil {
		return out, err
	}
	if o.DryRun {
		return out, d.plan(ctx, src, repo, r, o, &out)
	}
	lock, err := d.store.LockAlone("locks/mirror-" + repo.As.Directory())
	if err != nil {
		return out, fmt.Errorf("mirroring %s: %w", repo.As, err)
	}
	defer lock.Close()
	if isNew {
		if r, err = d.store.Draft(repo.As); err != nil {
			return out, err
		}
	}
	if err := d.fill(ctx, src, repo, r, o, &out); err != nil {
		return out, err
	}
	if err := d.show(ctx, repo, r, isNew, o, &out); err != nil {
		return out, err
	}
	return out, os.RemoveAll(d.staging(repo.As))
}

// show makes what was filled visible: all refs in one step. Settings go first, so
// that nobody sees what is private now.
func (d *Folder) show(ctx context.Context, repo *Repo, r *store.Repo, isNew bool, o Options, out *Outcome) error {
	move := func() error { return r.UpdateRefs(moveRefs(repo.Refs, o, out)) }
	if isNew {
		if err := move(); err != nil {
			return err
		}
		return r.Finish(ctx, repo.Settings, d.created(r, repo))
	}
	if differ(r.Settings, repo.Settings) {
		if _, err := r.Configure(ctx, func(s *store.Settings) { setTo(s, repo.Settings) }); err != nil {
			return err
		}
	}
	return r.Locked(ctx, move)
}

// find finds the copy, nil if there is none yet. That of a repo which has another
// name now at the source gets it here, too.
func (d *Folder) find(ctx context.Context, repo *Repo, o Options, out *Outcome) (*store.Repo, error) {
	r, err := d.store.Repo(repo.As)
	if errors.Is(err, store.ErrNoRepo) && repo.Was != repo.From && repo.As == repo.From {
		if r, err = d.store.Repo(repo.Was); err == nil && copyOf(r, repo.Settings.Upstream) == nil {
			if out.MovedFrom = repo.Was.String(); o.DryRun {
				return r, nil
			}
			if err := r.Move(ctx, repo.As); err != nil {
				return nil, err
			}
			r, err = d.store.Repo(repo.As)
		} else if err == nil {
			r, err = nil, store.ErrNoRepo // a repo of its own that has the old name
		}
	}
	if errors.Is(err, store.ErrNoRepo) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r, copyOf(r, repo.Settings.Upstream)
}

// copyOf returns an error unless a repo is a copy of the one at upstream.
func copyOf(r *store.Repo, upstream string) error {
	if r.Upstream == upstream {
		return nil
	}
	return &OwnError{r.ID, r.Upstream}
}

// differ compares what a source says of a repo's settings.
func differ(a, b store.Settings) bool {
	return a.Private != b.Private || a.Gated != b.Gated || a.Disabled != b.Disabled
}

func setTo(s *store.Settings, now store.Settings) {
	s.Private, s.Gated, s.Disabled = now.Private, now.Gated, now.Disabled
}

// moveRefs makes a repo's refs what the source has. Others are kept, unless
// they are to be pruned and all refs were asked for. Pull requests, which a
// source does not list unless asked, stay.
func moveRefs(want map[string]string, o Options, out *Outcome) func(map[string]string) {
	return func(refs map[string]string) {
		out.Changed, out.Removed = []string{}, []string{}
		for name, commit := range want {
			if refs[name] != commit {
				out.Changed = append(out.Changed, name)
			}
			refs[name] = commit
		}
		for name := range refs {
			kind, _, _ := store.SplitRef(name)
			if _, there := want[name]; !there && o.Prune && len(o.Revisions) == 0 && kind != store.Pulls {
				out.Removed = append(out.Removed, name)
				delete(refs, name)
			}
		}
		out.Refs = len(refs)
		slices.Sort(out.Changed)
		slices.Sort(out.Removed)
	}
}

// Gone implements Destination: the copy is removed if it is to be pruned. One
// of a private repo stays, since a token that does not see it any more looks
// the same.
func (d *Folder) Gone(ctx context.Context, src Source, id store.RepoID, o Options) (Outcome, error) {
	out := Outcome{Repo: id.String(), Gone: true, Changed: []string{}, Removed: []string{}}
	r, err := d.store.Repo(id)
	if errors.Is(err, store.ErrNoRepo) {
		return out, fmt.Errorf("%w at %s", ErrGone, src.Name())
	}
	if err != nil {
		return out, err
	}
	if err := copyOf(r, src.Name()); err != nil {
		return out, err
	}
	switch {
	case !o.Prune:
		return out, fmt.Errorf("%w at %s any more: the copy is kept", ErrGone, src.Name())
	case r.Private:
		return out, fmt.Errorf("%w at %s, as far as this token sees: the copy of a private repo is kept", ErrGone, src.Name())
	}
	out.Pruned = true
	if o.DryRun {
		return out, nil
	}
	return out, r.Delete(ctx)
}

// staging is the directory that files of a repo are downloaded to. The next run
// resumes what an interrupted one left there.
func (d *Folder) staging(id store.RepoID) string { return d.store.Path("mirror", id.Directory()) }
