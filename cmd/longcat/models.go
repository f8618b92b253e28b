package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"longcat/hub"
	"longcat/merge"
)

// models are those that a recipe names: folders, or repos of a hub at the
// commit that their revision stood for when they were opened.
type models struct {
	client *hub.Client
	byName map[string]*model
}

// model is one of them.
type model struct {
	merge.Model
	ref    merge.Ref
	local  bool
	repo   hub.Repo // where it is, unless local
	commit string
	close  func() error
}

// openModels opens every model that is named. From a hub only the list of files
// is fetched; content comes by ranges as it is read, or from the cache.
func openModels(ctx context.Context, c *hub.Client, refs []merge.Ref) (*models, error) {
	m := &models{client: c, byName: map[string]*model{}}
	for _, ref := range refs {
		opened, err := m.find(ctx, ref)
		if err != nil {
			where := ""
			if ref.Line > 0 {
				where = fmt.Sprintf(", line %d of the recipe", ref.Line)
			}
			return nil, errors.Join(fmt.Errorf("opening model %q%s: %w", ref.Name, where, err), m.Close())
		}
		m.byName[ref.Name] = opened
	}
	return m, nil
}

// openModel opens one model, named as a recipe would. The caller closes it.
func openModel(ctx context.Context, c *hub.Client, ref merge.Ref) (*model, error) {
	m, err := openModels(ctx, c, []merge.Ref{ref})
	if err != nil {
		return nil, err
	}
	return m.byName[ref.Name], nil
}

// spare refuses a folder that the recipe names as a model, whatever is read of it.
func (m *models) spare(dir string) error {
	out, err := os.Stat(dir)
	if err != nil {
		return nil //nolint:nilerr // nothing is there, or what writes will tell
	}
	for name, opened := range m.byName {
		if in, err := os.Stat(opened.ref.Path); opened.local && err == nil && os.SameFile(in, out) {
			return fmt.Errorf("folder %q is model %q of the recipe: choose another folder for the result", dir, name)
		}
	}
	return nil
}

// open is a merge.Opener.
func (m *models) open(name string) (merge.Model, error) {
	found, ok := m.byName[name]
	if !ok {
		return nil, fmt.Errorf("the recipe does not name model %q", name)
	}
	return found, nil
}

func (m *models) Close() error {
	var errs []error
	for _, opened := range m.byName {
		errs = append(errs, opened.close())
	}
	return errors.Join(errs...)
}

// find takes a folder of this name if there is one, as mergekit does, else a
// repo.
func (m *models) find(ctx context.Context, ref merge.Ref) (*model, error) {
	if st, err := os.Stat(ref.Path); err == nil && st.IsDir() && ref.Revision == "" {
		dir, err := merge.OpenDir(ref.Path)
		if err != nil {
			return nil, err
		}
		return &model{Model: dir, ref: ref, local: true, close: dir.Close}, nil
	}
	repo, err := hub.ParseRepo(ref.Path)
	if err != nil {
		return nil, fmt.Errorf("no such folder, and %w", err)
	}
	plan, err := m.client.PlanDownload(ctx, hub.DownloadOptions{Repo: repo, Revision: ref.Revision})
	if err != nil {
		return nil, err
	}
	r := &repoModel{client: m.client, repo: repo, commit: plan.Commit, opened: map[string]*opening{}}
	for _, f := range plan.Files {
		r.files = append(r.files, f.Path)
	}
	slices.Sort(r.files)
	return &model{Model: r, ref: ref, repo: repo, commit: plan.Commit, close: r.Close}, nil
}

// fetch brings the files that a plan reads, from all hubs' repos, and makes
// later reads come from the disk.
func (m *models) fetch(ctx context.Context, plan *merge.Plan, workers int, progress hub.Progress) error {
	for _, src := range plan.Reads() {
		found := m.byName[src.Name]
		if found == nil || found.local {
			continue
		}
		opts := hub.DownloadOptions{Repo: found.repo, Revision: found.commit, Workers: workers, Progress: progress}
		for _, f := range src.Files {
			opts.Files = append(opts.Files, f.Path)
		}
		if r, ok := found.Model.(*repoModel); ok { // so that the same works offline
			opts.Files = append(opts.Files, r.looked(opts.Files)...)
		}
		if _, err := m.client.Download(ctx, opts); err != nil {
			return err
		}
		if err := m.client.Remember(found.repo, found.ref.Revision, found.commit); err != nil {
			return err
		}
		if err := found.close(); err != nil {
			return err
		}
	}
	return nil
}

// toFetch is how many bytes of a plan's sources are not on this machine yet.
func (m *models) toFetch(ctx context.Context, plan *merge.Plan) (n int64, err error) {
	for _, src := range plan.Reads() {
		found := m.byName[src.Name]
		if found == nil || found.local {
			continue
		}
		have, err := m.client.PlanDownload(ctx, hub.DownloadOptions{Repo: found.repo, Revision: found.commit})
		if err != nil {
			return 0, err
		}
		for _, f := range have.Files {
			needed := slices.ContainsFunc(src.Files, func(s merge.SourceFile) bool { return s.Path == f.Path })
			if needed && f.Local == "" {
				n += f.Size
			}
		}
	}
	return n, nil
}

// repoModel is a repo of a hub as a merge.Model.
type repoModel struct {
	client *hub.Client
	repo   hub.Repo
	commit string
	files  []string

	mu     sync.Mutex
	opened map[string]*opening
}

// opening is a file that was opened, once for all who ask.
type opening struct {
	once    sync.Once
	content *io.SectionReader
	closer  io.Closer
	err     error
}

// Files implements merge.Model.
func (r *repoModel) Files() []string { return r.files }

// Open implements merge.Model.
func (r *repoModel) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	if _, ok := slices.BinarySearch(r.files, name); !ok {
		return nil, fmt.Errorf("%s of %s: %w", name, r.repo, os.ErrNotExist)
	}
	r.mu.Lock()
	o := r.opened[name]
	if o == nil {
		o = &opening{}
		r.opened[name] = o
	}
	r.mu.Unlock()
	o.once.Do(func() { o.content, o.closer, o.err = r.client.Open(ctx, r.repo, r.commit, name) })
	return o.content, o.err
}

// looked are the files beside the weights that were opened, without those that
// are named.
func (r *repoModel) looked(without []string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for name := range r.opened {
		if !strings.HasSuffix(name, ".safetensors") && !slices.Contains(without, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Close lets go of what was opened; what is opened later may come from the
// cache.
func (r *repoModel) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, o := range r.opened {
		if o.closer != nil {
			errs = append(errs, o.closer.Close())
		}
	}
	r.opened = map[string]*opening{}
	return errors.Join(errs...)
}
