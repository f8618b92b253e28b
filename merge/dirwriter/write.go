// Package dirwriter writes a model's files into a directory, so that it can be
// interrupted anywhere and goes on where it was.
//
// Every file is written beside its name, synced and renamed, weights first and
// config.json last: nothing half-done stands under a final name, and the
// directory does not load before it is whole. What is a range of a file on disk
// is copied by the kernel; filesystems with reflinks share its blocks.
package dirwriter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"longcat/internal/durable"
	"longcat/internal/progress"
	"longcat/merge/parts"
)

// Output is what a directory is to hold.
type Output struct {
	Files []File
	// Recipe is the file that tells whose output it is, with its content.
	Recipe  string
	Content []byte
	// IsWeights tells by a file's name whether a loader takes it for weights or
	// an index of them.
	IsWeights func(name string) bool
}

// File is a file of the output.
type File struct {
	Path      string // slash path
	Size      int64
	ID        string // names what the content is made of; equal for equal content of equal sources
	Weights   bool   // written first, several at a time, and not again when they are finished
	Shareable int64  // bytes that a filesystem with reflinks need not store again

	// Open gives the content. See package parts for what is copied by the kernel.
	Open func(ctx context.Context) (*io.SectionReader, error)
}

// Options steer Write. The zero value works.
type Options struct {
	// Workers is how many files are written at a time, 0 meaning 2.
	Workers int
	// Replace writes over what is in the directory, and removes weights there that
	// do not belong to the output.
	Replace bool
	// Task of Tasks, from 1, writes only its share of the weights: balanced by
	// bytes, and the same on every machine that shares the directory. Once all
	// are there, a Write without tasks writes the rest. Not with Replace.
	Task, Tasks int
	// Progress, if not nil, hears of bytes that are in place, and of files that
	// an earlier, interrupted Write had finished. The kind of work is "merging".
	Progress progress.Progress
}

const kind = "merging"

// Write writes the output into the directory dir, which is made if need be. A
// Write that was interrupted goes on when it is called again with the same
// output: finished files are not written again, unless a source was changed.
//
// A directory that Check refuses gives its error, unless it is to be replaced,
// and too little room a *SpaceError, before anything is written.
func Write(ctx context.Context, dir string, out Output, opts Options) error {
	if opts.Workers <= 0 {
		opts.Workers = 2
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("making directory for merge: %w", err)
	}
	if !opts.Replace {
		if err := Check(dir, out); err != nil {
			return err
		}
	}
	w := &writer{dir: dir, opts: opts}
	files := out.Files
	if opts.Tasks > 0 {
		files = share(files, opts.Task, opts.Tasks)
	}
	if err := w.open(ctx, files); err != nil {
		return err
	}
	strange, err := out.strangeWeights(dir)
	if err != nil {
		return err
	}
	if err := w.spareSources(strange); err != nil {
		return err
	}
	if w.state, err = openState(dir, out, opts); err != nil {
		return err
	}
	defer w.state.close()
	if err := w.checkSpace(); err != nil {
		return err
	}
	total := int64(0)
	for _, j := range w.jobs {
		total += j.Size
	}
	progress.Expect(opts.Progress, kind, total)
	if opts.Tasks > 0 {
		return w.writeShare(ctx)
	}
	if err := w.unload(); err != nil {
		return err
	}
	if err := w.writeAll(ctx, strange); err != nil {
		return err
	}
	if err := durable.SyncDir(dir); err != nil {
		return err
	}
	return w.state.remove()
}

// writer is the state of one Write.
type writer struct {
	dir   string
	jobs  []job
	opts  Options
	state *state
}

// job is a file to write, with its content.
type job struct {
	File
	content *io.SectionReader
	sources []*os.File // on disk, that the content is taken from
	id      string     // see identity
}

func (w *writer) open(ctx context.Context, files []File) error {
	for _, f := range files {
		content, err := f.Open(ctx)
		if err != nil {
			return err
		}
		j := job{File: f, content: content, sources: parts.Files(content)}
		if j.id, err = j.identity(); err != nil {
			return fmt.Errorf("looking at the sources of %q: %w", f.Path, err)
		}
		w.jobs = append(w.jobs, j)
	}
	return nil
}

// What makes a directory load as a model: the one names the weights, the other
// is looked for first.
var loadable = []string{"model.safetensors.index.json", "config.json"}

// unload removes what would make a directory loadable while its weights change.
func (w *writer) unload() error {
	for _, name := range loadable {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// writeAll writes weights in parallel, then, in place of the strange weights,
// the other files, what makes the directory loadable last.
func (w *writer) writeAll(ctx context.Context, strange []string) error {
	var small, weights []job
	for _, j := range w.jobs {
		if j.Weights {
			weights = append(weights, j)
		} else {
			small = append(small, j)
		}
	}
	if err := w.writeWeights(ctx, weights); err != nil {
		return err
	}
	for _, name := range strange {
		if err := os.Remove(filepath.Join(w.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	slices.SortStableFunc(small, func(a, b job) int {
		return slices.Index(loadable, a.Path) - slices.Index(loadable, b.Path)
	})
	for _, j := range small {
		if err := w.write(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// writeWeights writes weights, several at a time.
func (w *writer) writeWeights(ctx context.Context, weights []job) error {
	bySource(weights)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(w.opts.Workers)
	for _, j := range weights {
		g.Go(func() error { return w.weights(ctx, j) })
	}
	return g.Wait()
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

// weights writes one weight file unless it is there already.
func (w *writer) weights(ctx context.Context, j job) error {
	if w.state.has(j) {
		m := progress.Start(w.opts.Progress, kind, j.Path, j.Size)
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
	out, err := durable.Create(part)
	if err != nil {
		return fmt.Errorf("writing %q: %w", j.Path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %q: %w", j.Path, w.noSpace(err)), os.Remove(part))
		}
	}()
	meter := progress.Start(w.opts.Progress, kind, j.Path, j.Size)
	defer meter.Done()
	c := copier{dst: out, note: meter.Add}
	err = c.copy(ctx, j.content, 0)
	if err == nil {
		err = durable.Sync(out)
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = j.unchanged()
	}
	if err != nil {
		return err
	}
	final := filepath.Join(w.dir, filepath.FromSlash(j.Path))
	if err := durable.MkdirAll(filepath.Dir(final)); err != nil {
		return err
	}
	return durable.Rename(part, final)
}
