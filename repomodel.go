package longcat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"longcat/hub"
)

// repoModel is a repo of a hub, at one commit, as a merge.Model: files that the
// cache holds are read there, others by ranges from the hub.
type repoModel struct {
	client *hub.Client
	plan   *hub.DownloadPlan // every file, with size and hash
	files  []string          // their paths, sorted

	mu     sync.Mutex
	cached map[string]*openFile // of the cache, which stay open
	read   map[string]bool      // every file that was opened
}

// openFile is a file on disk.
type openFile struct {
	content *io.SectionReader
	closer  io.Closer
}

func openRepo(ctx context.Context, c *hub.Client, repo hub.Repo, revision string) (*repoModel, error) {
	plan, err := c.PlanDownload(ctx, hub.DownloadOptions{Repo: repo, Revision: revision})
	if err != nil {
		return nil, err
	}
	r := &repoModel{client: c, plan: plan, cached: map[string]*openFile{}, read: map[string]bool{}}
	for _, f := range plan.Files {
		r.files = append(r.files, f.Path)
	}
	slices.Sort(r.files)
	return r, nil
}

// Files implements merge.Model.
func (r *repoModel) Files() []string { return r.files }

// Open implements merge.Model.
func (r *repoModel) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	if _, ok := slices.BinarySearch(r.files, name); !ok {
		return nil, fmt.Errorf("%s of %s: %w", name, r.plan.Repo, fs.ErrNotExist)
	}
	r.mu.Lock()
	r.read[name] = true
	f := r.cached[name]
	r.mu.Unlock()
	if f != nil {
		return f.content, nil
	}
	content, closer, err := r.client.Open(ctx, r.plan.Repo, r.plan.Commit, name)
	if err != nil {
		return nil, err
	}
	if outer, _, _ := content.Outer(); !isFile(outer) {
		return content, nil // bound to ctx, and holds nothing
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other := r.cached[name]; other != nil { // somebody was faster
		return other.content, closer.Close()
	}
	r.cached[name] = &openFile{content, closer}
	return content, nil
}

func isFile(r io.ReaderAt) bool { _, ok := r.(*os.File); return ok }

// planned is what the listing says of a file.
func (r *repoModel) planned(name string) (hub.PlannedFile, bool) {
	i := slices.IndexFunc(r.plan.Files, func(f hub.PlannedFile) bool { return f.Path == name })
	if i < 0 {
		return hub.PlannedFile{}, false
	}
	return r.plan.Files[i], true
}

// opened are the files that were read so far, sorted.
func (r *repoModel) opened() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name := range r.read {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// fetch downloads files into the cache, together with the small ones that were
// read before, so that the same works offline. Later reads come from there.
func (r *repoModel) fetch(ctx context.Context, names []string, o Options) error {
	opts := hub.DownloadOptions{Repo: r.plan.Repo, Revision: r.plan.Commit, FetchOptions: hub.FetchOptions{Workers: o.Workers, Progress: o.Progress, Check: o.check}}
	opts.Files = slices.Clone(names)
	for _, name := range r.opened() {
		if !strings.HasSuffix(name, ".safetensors") && !slices.Contains(names, name) {
			opts.Files = append(opts.Files, name)
		}
	}
	_, err := r.client.Download(ctx, opts)
	return err
}

// repair fetches those files anew that the cache has with other content than they
// should have.
func (r *repoModel) repair(ctx context.Context, o Options) error {
	opts := hub.DownloadOptions{Repo: r.plan.Repo, Revision: r.plan.Commit, FetchOptions: hub.FetchOptions{Workers: o.Workers, Progress: o.Progress, Repair: true}}
	for _, f := range r.plan.Files {
		if f.Local != "" {
			opts.Files = append(opts.Files, f.Path)
		}
	}
	if opts.Files == nil {
		return nil
	}
	_, err := r.client.Download(ctx, opts)
	return err
}

// check compares a file that is in the cache with its hash.
func (r *repoModel) check(ctx context.Context, name string, o Options) error {
	opts := hub.FetchOptions{Check: o.check, Progress: o.Progress}
	return r.plan.Check(ctx, opts, func(path string) bool { return path == name })
}

// Close closes the files that are open.
func (r *repoModel) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for name, f := range r.cached {
		errs = append(errs, f.closer.Close())
		delete(r.cached, name)
	}
	return errors.Join(errs...)
}
