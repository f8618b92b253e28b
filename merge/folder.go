package merge

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"longcat/merge/recipe"
)

// FolderError says why a merge can not be written into a folder.
type FolderError struct {
	Dir   string
	Files []string // that are in the way
	Msg   string
	Other bool // the folder holds something else, which could be replaced
}

func (e *FolderError) Error() string {
	return fmt.Sprintf("folder %q %s: %s", e.Dir, e.Msg, strings.Join(e.Files, ", "))
}

var weightName = regexp.MustCompile(`(?i)^[^/]+\.(safetensors|bin|pt|pth|gguf|msgpack|h5)(\.index\.json)?$`)

// IsWeights tells whether a loader would take a file of a model for weights, or
// for an index of them, by its name.
func IsWeights(name string) bool { return weightName.MatchString(name) }

// CheckDir finds from names, and from the recipe that stands there, that a
// folder holds something else than this merge, or an interrupted one: weights
// that a reader could take for part of it, or files that would be written over.
// Then it gives a *FolderError. A folder that is not there is a good one.
func (p *Plan) CheckDir(dir string) error {
	strange, err := p.strangeWeights(dir)
	if err != nil {
		return err
	}
	if len(strange) > 0 {
		return &FolderError{dir, strange, "holds other weights", true}
	}
	if ours, err := p.begunIn(dir); ours || err != nil {
		return err
	}
	var others []string
	for _, f := range p.Files {
		if _, err := os.Lstat(filepath.Join(dir, filepath.FromSlash(f.Path))); err == nil {
			others = append(others, f.Path)
		}
	}
	if len(others) > 0 {
		return &FolderError{dir, others, "holds other files of the same names", true}
	}
	return nil
}

// begunIn tells whether a folder holds a merge of this recipe, finished or not.
func (p *Plan) begunIn(dir string) (bool, error) {
	for _, name := range []string{filepath.Join(StateDir, recipe.FileName), recipe.FileName} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return bytes.Equal(text, p.recipeText()), err
		}
	}
	return false, nil
}

// recipeText is the recipe as the result has it.
func (p *Plan) recipeText() []byte {
	for _, f := range p.Files {
		if f.Path == recipe.FileName {
			return f.pieces[0].literal
		}
	}
	return nil
}

// strangeWeights are those in a folder that the merge does not write over.
func (p *Plan) strangeWeights(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking into folder for merge: %w", err)
	}
	var strange []string
	for _, e := range entries {
		planned := slices.ContainsFunc(p.Files, func(f *File) bool { return strings.EqualFold(f.Path, e.Name()) })
		if IsWeights(e.Name()) && !planned && !e.IsDir() {
			strange = append(strange, e.Name())
		}
	}
	return strange, nil
}

// spareSources refuses to write over, or to remove, what the merge reads.
func (w *writer) spareSources(doomed []string) error {
	for _, j := range w.jobs {
		if !filepath.IsLocal(j.Path) || path.Clean(j.Path) != j.Path {
			return &FolderError{Dir: w.dir, Files: []string{j.Path}, Msg: "can not hold a file of this name"}
		}
		doomed = append(doomed, j.Path)
	}
	for _, name := range doomed {
		info, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(name)))
		switch {
		case err != nil: // it is not there
		case info.IsDir():
			return &FolderError{Dir: w.dir, Files: []string{name}, Msg: "holds a folder where a file belongs"}
		case w.isSource(info):
			return &FolderError{Dir: w.dir, Files: []string{name}, Msg: "holds a source of the merge, which would be written over"}
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
