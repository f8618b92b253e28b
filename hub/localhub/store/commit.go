package store

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Commit is a snapshot of all files of a repo, and how it came to be.
type Commit struct {
	ID      string    `json:"id"`
	Parent  string    `json:"parent,omitempty"`
	Author  string    `json:"author"`
	Title   string    `json:"title"`
	Message string    `json:"message,omitempty"`
	Date    time.Time `json:"date"` // whole seconds, UTC: what git keeps

	files []File // sorted by path
	trees func() map[string]string
}

// File is one file of a commit.
type File struct {
	Path   string `json:"path"`
	OID    string `json:"oid"` // git blob id; of the pointer if LFS is set
	Size   int64  `json:"size"`
	LFS    string `json:"lfs,omitempty"` // sha256 of a large file
	Commit string `json:"commit"`        // the commit that changed it last
}

func byPath(f File, path string) int { return strings.Compare(f.Path, path) }

// NewCommit makes the snapshot of files, which must be sorted by path and which
// it keeps. A commit without an ID gets the one that git would give it; one that
// comes from elsewhere keeps its own. The id is set on the files that have no
// commit yet.
func NewCommit(c Commit, files []File) *Commit {
	c.Date = c.Date.UTC().Truncate(time.Second)
	c.setFiles(files)
	if c.ID == "" {
		c.ID = commitID(&c, c.TreeID(""))
	}
	for i := range files {
		if files[i].Commit == "" {
			files[i].Commit = c.ID
		}
	}
	return &c
}

func (c *Commit) setFiles(files []File) {
	c.files = files
	c.trees = sync.OnceValue(func() map[string]string { return treeIDs(files) })
}

// Files are all files, by path. They must not be changed.
func (c *Commit) Files() []File { return c.files }

// Find returns the file at path.
func (c *Commit) Find(path string) (File, bool) {
	i, ok := slices.BinarySearchFunc(c.files, path, byPath)
	if !ok {
		return File{}, false
	}
	return c.files[i], true
}

// Under returns the files below a directory; all of them for "".
func (c *Commit) Under(dir string) []File {
	if dir == "" {
		return c.files
	}
	lo, _ := slices.BinarySearchFunc(c.files, dir+"/", byPath)
	hi, _ := slices.BinarySearchFunc(c.files, dir+"0", byPath) // "0" follows "/"
	return c.files[lo:hi]
}

// TreeID is the git id of a directory, "" being the root.
func (c *Commit) TreeID(dir string) string { return c.trees()[dir] }
