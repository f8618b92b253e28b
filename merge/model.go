package merge

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Model is a checkpoint as a merge sees it: files with names, each opened as
// content. A folder is one (OpenDir), a repo on a Hub can be one, and so can a
// merge that is not written anywhere.
type Model interface {
	// Files lists the names of all files: slash paths relative to the model's
	// root, sorted.
	Files() []string
	// Open gives the content of one file. An absent file gives an error for
	// which errors.Is(err, fs.ErrNotExist) holds. Open and reads of the content may
	// run concurrently. The content stays valid as long as the Model and ctx do.
	Open(ctx context.Context, name string) (*io.SectionReader, error)
}

// Opener finds a model by the name under which the recipe speaks of it (Ref.Name).
type Opener func(model string) (Model, error)

// Dir is a Model in a folder on disk. Files stay open until Close.
type Dir struct {
	root  string
	names []string

	mu   sync.Mutex
	open map[string]*os.File
}

// OpenDir lists the folder at root. Symbolic links to files count as files,
// as a Hub cache needs it; links to folders and hidden names are left out.
func OpenDir(root string) (*Dir, error) {
	root, err := filepath.EvalSymlinks(root) // WalkDir would not follow the first one
	if err != nil {
		return nil, fmt.Errorf("listing model folder: %w", err)
	}
	d := &Dir{root: root, open: map[string]*os.File{}}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != root && e.Name()[0] == '.' {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return nil // a folder, a broken link, a socket: nothing to read
		}
		rel, err := filepath.Rel(root, path)
		d.names = append(d.names, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing model folder: %w", err)
	}
	slices.Sort(d.names)
	return d, nil
}

// Files implements Model.
func (d *Dir) Files() []string { return slices.Clone(d.names) }

// Open implements Model. The content's Outer is the *os.File, so that a sink
// can let the kernel copy from it.
func (d *Dir) Open(_ context.Context, name string) (*io.SectionReader, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.open[name]
	if f == nil {
		var err error
		if f, err = os.Open(filepath.Join(d.root, filepath.FromSlash(name))); err != nil {
			return nil, err
		}
		d.open[name] = f
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return io.NewSectionReader(f, 0, info.Size()), nil
}

// Close closes the files that were opened.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var first error
	for name, f := range d.open {
		if err := f.Close(); err != nil && first == nil {
			first = err
		}
		delete(d.open, name)
	}
	return first
}
