package dirwriter

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// DirError says why a merge can not be written into a directory.
type DirError struct {
	Dir   string
	Files []string // that are in the way
	Msg   string
	Other bool // the directory holds something else, which could be replaced
}

func (e *DirError) Error() string {
	return fmt.Sprintf("directory %q %s: %s", e.Dir, e.Msg, strings.Join(e.Files, ", "))
}

// Check finds from names, and from the recipe that stands there, that a
// directory holds something else than this output, or an interrupted one: weights
// that a reader could take for part of it, or files that would be written over.
// Then it gives a *DirError. A directory that is not there is a good one.
func Check(dir string, out Output) error {
	strange, err := out.strangeWeights(dir)
	if err != nil {
		return err
	}
	if len(strange) > 0 {
		return &DirError{dir, strange, "holds other weights", true}
	}
	if ours, err := out.begunIn(dir); ours || err != nil {
		return err
	}
	var others []string
	for _, f := range out.Files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path))); err == nil {
			others = append(others, f.Path)
		}
	}
	if len(others) > 0 {
		return &DirError{dir, others, "holds other files of the same names", true}
	}
	return nil
}

// begunIn tells whether a directory holds an output of this recipe, finished or not.
func (out Output) begunIn(dir string) (bool, error) {
	for _, name := range []string{filepath.Join(StateDir, out.Recipe), out.Recipe} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return bytes.Equal(text, out.Content), err
		}
	}
	return false, nil
}

// strangeWeights are those in a directory that the output does not write over.
func (out Output) strangeWeights(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking into directory for merge: %w", err)
	}
	var strange []string
	for _, e := range entries {
		planned := slices.ContainsFunc(out.Files, func(f File) bool { return strings.EqualFold(f.Path, e.Name()) })
		if out.IsWeights(e.Name()) && !planned && !e.IsDir() {
			strange = append(strange, e.Name())
		}
	}
	return strange, nil
}

// spareSources refuses to write over, or to remove, what the merge reads.
func (w *writer) spareSources(doomed []string) error {
	for _, j := range w.jobs {
		if !filepath.IsLocal(j.Path) || path.Clean(j.Path) != j.Path {
			return &DirError{Dir: w.dir, Files: []string{j.Path}, Msg: "can not hold a file of this name"}
		}
		doomed = append(doomed, j.Path)
	}
	for _, name := range doomed {
		info, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(name)))
		switch {
		case err != nil: // it is not there
		case info.IsDir():
			return &DirError{Dir: w.dir, Files: []string{name}, Msg: "holds a directory where a file belongs"}
		case w.isSource(info):
			return &DirError{Dir: w.dir, Files: []string{name}, Msg: "holds a source of the merge, which would be written over"}
		}
	}
	return nil
}

// isSource reports whether a file is one that the merge reads.
func (w *writer) isSource(info os.FileInfo) bool {
	for _, j := range w.jobs {
		for _, src := range j.sources {
			if s, err := src.Stat(); err == nil && os.SameFile(s, info) {
				return true
			}
		}
	}
	return false
}
