package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"longcat/internal/durable"
)

// Pruned is what a prune removes, or would.
type Pruned struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Revisions  []string `json:"revisions"`  // commits that no branch or tag stands for
	Contents   int      `json:"contents"`   // files of content that only those show, or nobody
	Unfinished int      `json:"unfinished"` // files
	Size       int64    `json:"size"`       // bytes
}

// Prune removes what nothing refers to: revisions that no branch or tag stands
// for, content that no other revision shows, and unfinished files. What another
// process has locked stays, and what came after the scan. With dry it removes
// nothing.
func (c Cached) Prune(dry bool) (Pruned, error) {
	p := Pruned{Type: c.Type, ID: c.ID, Revisions: []string{}}
	needed := map[string]bool{}
	for _, r := range c.Revisions {
		if len(r.Refs) == 0 {
			p.Revisions = append(p.Revisions, r.Commit)
			continue
		}
		for content := range r.contents {
			needed[content] = true
		}
	}
	if !dry {
		for _, commit := range p.Revisions {
			if err := c.repo.removeRevision(commit); err != nil {
				return p, err
			}
		}
	}
	shared := c.sharedWith(needed)
	// Content in a revision's own directory goes with it.
	for _, r := range c.Revisions {
		for content := range r.contents {
			if len(r.Refs) == 0 && filepath.Dir(content) != filepath.Dir(c.repo.BlobPath("x")) {
				p.Contents++
				p.Size += sizeOf(content)
			}
		}
	}
	blobs, err := os.ReadDir(c.repo.BlobPath(""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return p, err
	}
	for _, e := range blobs {
		path := c.repo.BlobPath(e.Name())
		st, err := os.Lstat(path)
		if err != nil || st.IsDir() || needed[path] || shared(st) || st.ModTime().After(c.scanned) {
			continue
		}
		unfinished := isUnfinished(e.Name())
		size := sizeOf(path)
		if unfinished {
			size = allocated(st)
		}
		if !dry && !c.repo.removeLocked(e.Name()) {
			continue
		}
		p.Size += size
		if unfinished {
			p.Unfinished++
		} else {
			p.Contents++
		}
	}
	return p, nil
}

// sharedWith tells whether a blob is the second name of a file that is needed, as
// where no symbolic links can be made.
func (c Cached) sharedWith(needed map[string]bool) func(fs.FileInfo) bool {
	var others []fs.FileInfo
	for path := range needed {
		if st, err := os.Stat(path); err == nil && filepath.Dir(path) != filepath.Dir(c.repo.BlobPath("x")) {
			others = append(others, st)
		}
	}
	return func(st fs.FileInfo) bool {
		return slices.ContainsFunc(others, func(other fs.FileInfo) bool { return os.SameFile(st, other) })
	}
}

func sizeOf(path string) int64 {
	st, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return st.Size()
}

// removeRevision removes a commit: what shows its files first, so that nobody
// finds half of it for the whole.
func (r Repo) removeRevision(commit string) error {
	gone := r.temp()
	if err := os.Rename(r.SnapshotDir(commit), gone); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(gone), os.RemoveAll(filepath.Join(r.Dir(), ".no_exist", commit)), removeIfThere(r.treePath(commit)))
}

// removeLocked removes a file of blobs/ unless another process has locked it.
// What repos share is left to the tool that shares it: only the link goes.
func (r Repo) removeLocked(name string) bool {
	lock, err := durable.TryLock(r.LockPath(etagOf(name)))
	if err != nil {
		return false
	}
	defer lock.Release()
	return os.Remove(r.BlobPath(name)) == nil
}
