package merge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// WriteOptions steer WriteDir. The zero value works.
type WriteOptions struct {
	// Workers is how many files are written at a time, 0 meaning 2.
	Workers int
	// Progress, if not nil, hears of bytes that are in place. It is called
	// from several goroutines.
	Progress func(Progress)
}

// Progress is a step of WriteDir.
type Progress struct {
	File   string
	Bytes  int64 // more than before
	Reused bool  // an earlier, interrupted WriteDir had finished the file
}

// WriteDir writes the merged model into the folder dir, which is made if need
// be. Sources are opened through open, as by File.Content.
//
// Every file is written beside its name, synced and renamed, weights first and
// config.json last, so that nothing half-done stands under a final name and the
// folder does not load before it is whole. A WriteDir that was interrupted goes
// on where it was when it is called again with the same plan and sources:
// finished files are not written again.
//
// A folder that holds other weights gives a *FolderError, too little room a
// *SpaceError, before anything is written.
func (p *Plan) WriteDir(ctx context.Context, open Opener, dir string, opts WriteOptions) error {
	if opts.Workers <= 0 {
		opts.Workers = 2
	}
	if opts.Progress == nil {
		opts.Progress = func(Progress) {}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("making folder for merge: %w", err)
	}
	w := &writer{plan: p, open: openOnce(open), dir: dir, opts: opts}
	if err := w.checkFolder(); err != nil {
		return err
	}
	var err error
	if w.state, err = openState(dir); err != nil {
		return err
	}
	defer w.state.close()
	if err := w.checkSpace(); err != nil {
		return err
	}
	if err := w.writeAll(ctx); err != nil {
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
	plan  *Plan
	open  Opener
	dir   string
	opts  WriteOptions
	state *state
}

// FolderError says why a merge can not be written into a folder.
type FolderError struct {
	Dir   string
	Files []string // that are in the way
	Msg   string
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("folder %q %s: %s", e.Dir, e.Msg, strings.Join(e.Files, ", "))
}

// checkFolder refuses a folder with weights that the merge would not replace,
// since a reader could take them for part of it, and one of the merge's sources.
func (w *writer) checkFolder() error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return fmt.Errorf("looking into folder for merge: %w", err)
	}
	var strange []string
	for _, e := range entries {
		weights := strings.HasSuffix(e.Name(), ".safetensors") || e.Name() == indexFile
		if weights && !slices.ContainsFunc(w.plan.Files, func(f *File) bool { return f.Path == e.Name() }) {
			strange = append(strange, e.Name())
		}
	}
	if len(strange) > 0 {
		return &FolderError{w.dir, strange, "holds other weights; remove them or choose another folder"}
	}
	for _, f := range w.plan.Files {
		if !filepath.IsLocal(f.Path) || path.Clean(f.Path) != f.Path {
			return &FolderError{w.dir, []string{f.Path}, "can not hold a file of this name"}
		}
		info, err := os.Stat(filepath.Join(w.dir, f.Path))
		if err != nil {
			continue
		}
		same, err := w.isSource(info)
		if err != nil {
			return err
		}
		if same {
			return &FolderError{w.dir, []string{f.Path}, "is a source of the merge, which would write over it"}
		}
	}
	return nil
}

// isSource reports whether a file is one that the merge reads.
func (w *writer) isSource(info os.FileInfo) (bool, error) {
	for _, f := range w.plan.Files {
		files, err := f.sources(w.open)
		if err != nil {
			return false, err
		}
		for _, src := range files {
			if s, err := src.Stat(); err == nil && os.SameFile(s, info) {
				return true, nil
			}
		}
	}
	return false, nil
}

// writeAll writes weights in parallel, then the other files, config.json last.
func (w *writer) writeAll(ctx context.Context) error {
	var small []*File
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(w.opts.Workers)
	for _, f := range w.plan.Files {
		if f.Tensors == nil {
			small = append(small, f)
			continue
		}
		g.Go(func() error { return w.weights(gctx, f) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	slices.SortStableFunc(small, func(a, b *File) int { return lateness(a.Path) - lateness(b.Path) })
	for _, f := range small {
		if err := w.write(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// lateness orders the small files: what makes a folder loadable comes last.
func lateness(name string) int { return slices.Index([]string{indexFile, "config.json"}, name) }

// weights writes one weight file unless it is there already.
func (w *writer) weights(ctx context.Context, f *File) error {
	id, err := f.identity(w.open)
	if err != nil {
		return err
	}
	if w.state.has(f, id) {
		w.opts.Progress(Progress{f.Path, f.Size, true})
		return nil
	}
	if err := w.write(ctx, f); err != nil {
		return err
	}
	return w.state.add(f, id)
}

// write writes one file beside its name, syncs it, and renames it.
func (w *writer) write(ctx context.Context, f *File) (err error) {
	content, err := f.Content(w.open)
	if err != nil {
		return err
	}
	part := w.state.part(f.Path)
	out, err := os.Create(part)
	if err != nil {
		return fmt.Errorf("writing %q: %w", f.Path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %q: %w", f.Path, w.noSpace(err)), os.Remove(part))
		}
	}()
	c := copier{ctx: ctx, dst: out, note: func(n int64) { w.opts.Progress(Progress{File: f.Path, Bytes: n}) }}
	err = c.copy(content, 0)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	final := filepath.Join(w.dir, filepath.FromSlash(f.Path))
	if err := os.MkdirAll(filepath.Dir(final), 0o777); err != nil {
		return err
	}
	return os.Rename(part, final)
}

// copier copies content into a file, by the kernel where it can.
type copier struct {
	ctx  context.Context
	dst  *os.File
	note func(int64)
	buf  []byte
}

// copy puts all of src at offset at of the destination.
func (c *copier) copy(src *io.SectionReader, at int64) error {
	outer, off, n := src.Outer()
	switch r := outer.(type) {
	case *io.SectionReader:
		inner, base, _ := r.Outer()
		return c.copy(io.NewSectionReader(inner, base+off, n), at)
	case *content:
		for i := r.part(off); n > 0; i++ {
			take := min(n, r.end(i)-off)
			if err := c.copy(io.NewSectionReader(r.parts[i], off-r.starts[i], take), at); err != nil {
				return err
			}
			off, at, n = off+take, at+take, n-take
		}
		return nil
	case *os.File:
		done, err := c.kernel(r, off, n, at)
		if err != nil {
			return err
		}
		return c.plain(io.NewSectionReader(r, off+done, n-done), at+done)
	}
	return c.plain(src, at)
}

// plain copies through a buffer.
func (c *copier) plain(src *io.SectionReader, at int64) error {
	if c.buf == nil {
		c.buf = make([]byte, 1<<20)
	}
	for off := int64(0); off < src.Size(); {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		part := c.buf[:min(int64(len(c.buf)), src.Size()-off)]
		if n, err := src.ReadAt(part, off); n < len(part) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := c.dst.WriteAt(part, at+off); err != nil {
			return err
		}
		off += int64(len(part))
		c.note(int64(len(part)))
	}
	return nil
}
