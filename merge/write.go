package merge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"longcat/internal/progress"
)

// WriteOptions steer WriteDir. The zero value works.
type WriteOptions struct {
	// Workers is how many files are written at a time, 0 meaning 2.
	Workers int
	// Replace writes over what is in the folder, and removes weights there that
	// do not belong to the merge.
	Replace bool
	// Progress, if not nil, hears of bytes that are in place, and of files that
	// an earlier, interrupted WriteDir had finished.
	Progress Progress
}

// Progress hears of work that takes long. The kind of work here is "merging".
type Progress = progress.Progress

// WriteDir writes the merged model into the folder dir, which is made if need
// be. Sources are opened through open, as by File.Content.
//
// Every file is written beside its name, synced and renamed, weights first and
// config.json last, so that nothing half-done stands under a final name and the
// folder does not load before it is whole. A WriteDir that was interrupted goes
// on where it was when it is called again with the same plan and sources:
// finished files are not written again.
//
// A folder that CheckDir refuses gives its error, unless it is to be replaced,
// and too little room a *SpaceError, before anything is written.
func (p *Plan) WriteDir(ctx context.Context, open Opener, dir string, opts WriteOptions) error {
	if opts.Workers <= 0 {
		opts.Workers = 2
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("making folder for merge: %w", err)
	}
	if !opts.Replace {
		if err := p.CheckDir(dir); err != nil {
			return err
		}
	}
	w := &writer{dir: dir, opts: opts}
	if err := w.openJobs(ctx, p.Files, openOnce(open)); err != nil {
		return err
	}
	strange, err := p.strangeWeights(dir)
	if err != nil {
		return err
	}
	if err := w.spareSources(strange); err != nil {
		return err
	}
	if w.state, err = openState(dir, p.recipeText()); err != nil {
		return err
	}
	defer w.state.close()
	if err := w.checkSpace(); err != nil {
		return err
	}
	progress.Expect(opts.Progress, "merging", p.Size)
	if err := w.unload(); err != nil {
		return err
	}
	if err := w.writeAll(ctx, strange); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	return w.state.remove()
}

// openOnce remembers opened models, so that files share their descriptors.
func openOnce(open Opener) Opener {
	var mu sync.Mutex
	models := map[string]Model{}
	return func(name string) (Model, error) {
		mu.Lock()
		defer mu.Unlock()
		if m, ok := models[name]; ok {
			return m, nil
		}
		m, err := open(name)
		if err == nil {
			models[name] = m
		}
		return m, err
	}
}

// writer is the state of one WriteDir.
type writer struct {
	dir   string
	jobs  []job
	opts  WriteOptions
	state *state
}

// job is a file to write, with its content.
type job struct {
	*File
	content *io.SectionReader
	sources []*os.File // on disk, that the content is taken from
	id      string     // names the content: see identity
}

func (w *writer) openJobs(ctx context.Context, files []*File, open Opener) error {
	for _, f := range files {
		content, err := f.Content(ctx, open)
		if err != nil {
			return err
		}
		j := job{File: f, content: content, sources: sourcesOf(content)}
		if j.id, err = j.identity(); err != nil {
			return fmt.Errorf("looking at the sources of %q: %w", f.Path, err)
		}
		w.jobs = append(w.jobs, j)
	}
	return nil
}

// unload removes what would make a folder loadable while its weights change.
func (w *writer) unload() error {
	for _, name := range []string{"config.json", indexFile} {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeAll writes weights in parallel, then, in place of the strange weights,
// the other files, config.json last.
func (w *writer) writeAll(ctx context.Context, strange []string) error {
	var small, weights []job
	for _, j := range w.jobs {
		if j.Tensors == nil {
			small = append(small, j)
		} else {
			weights = append(weights, j)
		}
	}
	bySource(weights)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(w.opts.Workers)
	for _, j := range weights {
		g.Go(func() error { return w.weights(gctx, j) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, name := range strange {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	slices.SortStableFunc(small, func(a, b job) int { return lateness(a.Path) - lateness(b.Path) })
	for _, j := range small {
		if err := w.write(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// bySource moves files that are made from the same source next to each other,
// so that they are written while the system still has its pages in memory.
func bySource(jobs []job) {
	seen := map[*os.File]int{}
	for _, j := range jobs {
		for _, src := range j.sources {
			if _, known := seen[src]; !known {
				seen[src] = len(seen)
			}
		}
	}
	first := func(j job) int {
		if len(j.sources) == 0 {
			return -1
		}
		return seen[j.sources[0]]
	}
	slices.SortStableFunc(jobs, func(a, b job) int { return first(a) - first(b) })
}

// lateness orders the small files: what makes a folder loadable comes last.
func lateness(name string) int { return slices.Index([]string{indexFile, "config.json"}, name) }

// weights writes one weight file unless it is there already.
func (w *writer) weights(ctx context.Context, j job) error {
	if w.state.has(j) {
		m := progress.Start(w.opts.Progress, "merging", j.Path, j.Size)
		m.Found(j.Size)
		m.Done()
		return nil
	}
	if err := w.write(ctx, j); err != nil {
		return err
	}
	return w.state.add(j)
}

// write writes one file beside its name, syncs it, and renames it.
func (w *writer) write(ctx context.Context, j job) (err error) {
	part := w.state.part(j.Path)
	out, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("writing %q: %w", j.Path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %q: %w", j.Path, w.noSpace(err)), os.Remove(part))
		}
	}()
	meter := progress.Start(w.opts.Progress, "merging", j.Path, j.Size)
	defer meter.Done()
	c := copier{ctx: ctx, dst: out, note: meter.Add}
	err = c.copy(j.content, 0)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	final := filepath.Join(w.dir, filepath.FromSlash(j.Path))
	if err := os.MkdirAll(filepath.Dir(final), 0o777); err != nil {
		return err
	}
	return os.Rename(part, final)
}
