package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"longcat/hub/localhub/store"
)

// wants is content that a destination lacks: one file of a commit that has it.
type wants struct {
	commit string
	files  []store.File
}

// partial is a source that may list files whose content it has not.
type partial interface {
	Keeps(id store.RepoID, f store.File) bool
}

// fill makes the copy hold the commits that refs name: first the content, then
// what came before, then the commits.
func (d *Folder) fill(ctx context.Context, src Source, repo *Repo, r *store.Repo, o Options, out *Outcome) error {
	commits, missing, err := d.lacks(ctx, src, repo, r, o, out)
	if err != nil {
		return err
	}
	for _, w := range missing {
		rest, err := d.take(ctx, repo, r, w.files)
		if err != nil {
			return err
		}
		if err := d.fetch(ctx, src, repo, r, wants{w.commit, rest}, o, out); err != nil {
			return err
		}
	}
	for commit, files := range commits {
		if err := d.keep(ctx, r, files); err != nil {
			return err
		}
		if err := d.saveHistory(ctx, src, repo, r, commit, files); err != nil {
			return err
		}
	}
	return nil
}

// plan counts what fill would do.
func (d *Folder) plan(ctx context.Context, src Source, repo *Repo, r *store.Repo, o Options, out *Outcome) error {
	_, missing, err := d.lacks(ctx, src, repo, r, o, out)
	if err != nil {
		return err
	}
	for _, w := range missing {
		for _, f := range w.files {
			if d.given(repo, f) == "" {
				out.Fetched += f.Size
			}
		}
	}
	refs := map[string]string{}
	for _, kind := range []string{store.Heads, store.Tags, store.Pulls} {
		if r == nil {
			break
		}
		list, err := r.Refs(kind)
		if err != nil {
			return err
		}
		for _, f := range list {
			refs[f.Full()] = f.Commit
		}
	}
	moveRefs(repo.Refs, o, out)(refs)
	return nil
}

// lacks lists the commits whose files are not known here, and the content that
// is not here, each once.
func (d *Folder) lacks(ctx context.Context, src Source, repo *Repo, r *store.Repo, o Options, out *Outcome) (commits map[string][]store.File, missing []wants, err error) {
	commits = map[string][]store.File{}
	seen := map[string]bool{}
	selected := o.Matcher()
	part, _ := src.(partial)
	for _, id := range repo.commits() {
		var files []store.File
		if known := d.commit(r, id); known != nil {
			files = known.Files()
		} else if files, err = src.Files(ctx, repo.From, id); err != nil {
			return nil, nil, err
		} else {
			commits[id] = files
		}
		w := wants{commit: id}
		for _, f := range files {
			key := f.LFS + f.OID
			if seen[key] || !selected(f.Path) || d.has(r, f) {
				continue
			}
			if seen[key] = true; part != nil && !part.Keeps(repo.From, f) {
				out.LeftOut++
				continue
			}
			out.Files++
			out.Bytes += f.Size
			w.files = append(w.files, f)
		}
		if len(w.files) > 0 {
			missing = append(missing, w)
		}
	}
	return commits, missing, nil
}

// commit is a commit that the copy has with its files, or nil.
func (d *Folder) commit(r *store.Repo, id string) *store.Commit {
	if r == nil {
		return nil
	}
	c, err := r.Commit(id)
	if err != nil {
		return nil
	}
	return c
}

// has reports whether a file's content is here. A large file may have come with
// any repo.
func (d *Folder) has(r *store.Repo, f store.File) bool {
	if f.LFS != "" {
		size, ok := d.store.ObjectSize(f.LFS)
		return ok && size == f.Size
	}
	return r != nil && r.HasBlob(f.OID)
}

// fetch gets files from the source.
func (d *Folder) fetch(ctx context.Context, src Source, repo *Repo, r *store.Repo, w wants, o Options, out *Outcome) error {
	if len(w.files) == 0 {
		return nil
	}
	bulk, ok := src.(fetcher)
	if !ok {
		return d.copy(ctx, src, repo, r, w, o, out)
	}
	dir := d.staging(repo.As)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	local, err := bulk.Fetch(ctx, repo.From, w.commit, w.files, dir, o)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(keepers)
	for _, f := range w.files {
		out.Fetched += f.Size
		g.Go(func() error { return d.adopt(ctx, r, f, local[f.Path]) })
	}
	return g.Wait()
}

// keepers is how many files are put into the store at a time: each waits for
// the disk.
const keepers = 8

// adopt moves a downloaded file, whose hash was checked, into the store.
func (d *Folder) adopt(ctx context.Context, r *store.Repo, f store.File, path string) error {
	if f.LFS == "" {
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return putBlob(r, f, content)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return d.putObject(ctx, r, f, file)
}

// putBlob keeps a small file.
func putBlob(r *store.Repo, f store.File, content []byte) error {
	if got := store.BlobID(content); got != f.OID {
		return fmt.Errorf("%q: its git id is %s, not %s as the list of files says", f.Path, got, f.OID)
	}
	_, err := r.PutBlob(content)
	return err
}

// putObject keeps a large file whose content was checked, and closes it.
func (d *Folder) putObject(ctx context.Context, r *store.Repo, f store.File, file *os.File) error {
	release, err := d.store.KeepObjects(ctx)
	if err != nil {
		file.Close()
		return err
	}
	defer release()
	if err := r.MarkCommitted(f.LFS, ""); err != nil {
		file.Close()
		return err
	}
	return d.store.PutObject(file, f.LFS)
}

// keep marks the large files of a commit as used by this repo, so that garbage
// collection leaves them, also those that came with other repos.
func (d *Folder) keep(ctx context.Context, r *store.Repo, files []store.File) error {
	release, err := d.store.KeepObjects(ctx)
	if err != nil {
		return err
	}
	defer release()
	for _, f := range files {
		if f.LFS == "" || r.HasObject(f.LFS) {
			continue
		}
		if _, there := d.store.ObjectSize(f.LFS); !there {
			continue // left out
		}
		if err := r.MarkCommitted(f.LFS, ""); err != nil {
			return err
		}
	}
	return nil
}

// saveHistory writes a commit, after those before it that are not known yet.
func (d *Folder) saveHistory(ctx context.Context, src Source, repo *Repo, r *store.Repo, commit string, files []store.File) error {
	var head *store.Commit
	var before []store.Commit
	for h, err := range src.History(ctx, repo.From, commit) {
		if err != nil {
			return err
		}
		if head == nil {
			if h.ID != commit {
				return fmt.Errorf("the history of %s begins with %s", commit, h.ID)
			}
			head = store.NewCommit(h, files)
			continue
		}
		if _, err := r.Header(h.ID); err == nil {
			break
		}
		before = append(before, h)
	}
	if head == nil {
		return fmt.Errorf("the source tells no history of %s", commit)
	}
	for i := len(before) - 1; i >= 0; i-- {
		if err := r.SaveHeader(before[i]); err != nil {
			return err
		}
	}
	return r.SaveCommit(head)
}

// created is when the oldest commit was made that is known.
func (d *Folder) created(r *store.Repo, repo *Repo) time.Time {
	var first time.Time
	for _, id := range repo.commits() {
		for id != "" {
			c, err := r.Header(id)
			if err != nil {
				break
			}
			if first.IsZero() || c.Date.Before(first) {
				first = c.Date
			}
			id = c.Parent
		}
	}
	return first
}

var errChanged = errors.New("the content is not what the list of files says")
