package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Index says what a bundle holds: repos with their commits, and which content
// is in it. It is the bundle's first file but for its own checksum.
type Index struct {
	Format  int           `json:"format"` // indexFormat
	Repos   []indexedRepo `json:"repos"`
	Objects []string      `json:"objects"`            // sha256 of the large files in it
	Blobs   []string      `json:"blobs"`              // git ids of the small ones
	LeftOut []string      `json:"left_out,omitempty"` // what patterns left out, by the same names
}

// indexFormat is the version of the form that this program writes and reads.
const indexFormat = 1

// maxIndex bounds an index, in bytes: a million files take about 200 MB.
const maxIndex = 512 << 20

type indexedRepo struct {
	Type     wire.RepoType     `json:"type"`
	Name     string            `json:"name"`
	Upstream string            `json:"upstream"`
	Private  bool              `json:"private,omitempty"`
	Gated    wire.Gated        `json:"gated"`
	Disabled bool              `json:"disabled,omitempty"`
	Refs     map[string]string `json:"refs"`
	Commits  []indexedCommit   `json:"commits"` // those that refs name, and those before them
}

type indexedCommit struct {
	ID      string       `json:"id"`
	Parent  string       `json:"parent,omitempty"`
	Author  string       `json:"author,omitempty"`
	Title   string       `json:"title"`
	Message string       `json:"message,omitempty"`
	Date    time.Time    `json:"date"`
	Files   []store.File `json:"files"` // null for one whose files are not known
}

// id is the repo's name.
func (r *indexedRepo) id() store.RepoID { return store.RepoID{Type: r.Type, Name: r.Name} }

// header is the commit without its files.
func (c *indexedCommit) header() store.Commit {
	return store.Commit{ID: c.ID, Parent: c.Parent, Author: c.Author, Title: c.Title, Message: c.Message, Date: c.Date}
}

func indexed(c store.Commit, files []store.File) indexedCommit {
	return indexedCommit{ID: c.ID, Parent: c.Parent, Author: c.Author, Title: c.Title, Message: c.Message, Date: c.Date.UTC(), Files: files}
}

// key names content: a large file by its sha256, a small one by its git id.
func key(f store.File) string {
	if f.LFS != "" {
		return f.LFS
	}
	return f.OID
}

// has reports whether content is in what the index describes.
func (x *Index) has(f store.File) bool {
	list := x.Blobs
	if f.LFS != "" {
		list = x.Objects
	}
	_, ok := slices.BinarySearch(list, key(f))
	return ok
}

// encode writes the index, and returns its checksum.
func (x *Index) encode() (data []byte, sum string, err error) {
	slices.Sort(x.Objects)
	slices.Sort(x.Blobs)
	slices.Sort(x.LeftOut)
	if data, err = json.MarshalIndent(x, "", " "); err != nil {
		return nil, "", err
	}
	data = append(data, '\n')
	hash := sha256.Sum256(data)
	return data, hex.EncodeToString(hash[:]), nil
}

// ReadIndex reads an index, such as that of a bundle which the other side has.
func ReadIndex(r io.Reader) (*Index, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxIndex+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxIndex {
		return nil, errors.New("the index is too long")
	}
	var x Index
	if err := json.Unmarshal(data, &x); err != nil {
		return nil, fmt.Errorf("reading an index: %w", err)
	}
	if x.Format != indexFormat {
		return nil, fmt.Errorf("the index has format %d; this version reads %d", x.Format, indexFormat)
	}
	return &x, x.check()
}

// check refuses what no source could have said.
func (x *Index) check() error {
	if !slices.IsSorted(x.Objects) || !slices.IsSorted(x.Blobs) {
		return errors.New("the index is not in order")
	}
	for _, sum := range x.Objects {
		if !store.IsSHA256(sum) {
			return fmt.Errorf("the index names an object %q", sum)
		}
	}
	for _, id := range x.Blobs {
		if !store.IsCommitID(id) {
			return fmt.Errorf("the index names a blob %q", id)
		}
	}
	for i := range x.Repos {
		if err := x.Repos[i].check(); err != nil {
			return fmt.Errorf("%s in the index: %w", x.Repos[i].id(), err)
		}
	}
	return nil
}

func (r *indexedRepo) check() error {
	if store.RepoTypes[r.Type.Plural()] != r.Type {
		return fmt.Errorf("%q is no kind of repos", r.Type)
	}
	if err := wire.CheckRepoID(r.Name); err != nil {
		return err
	}
	for name, commit := range r.Refs {
		_, short, ok := store.SplitRef(name)
		if !ok || store.CheckRefName(short) != nil || !store.IsCommitID(commit) {
			return fmt.Errorf("%q is no ref", name)
		}
	}
	for _, c := range r.Commits {
		if !store.IsCommitID(c.ID) || c.Parent != "" && !store.IsCommitID(c.Parent) {
			return fmt.Errorf("%q is no commit", c.ID)
		}
		last := ""
		for _, f := range c.Files {
			if f.Path <= last || f.Size < 0 || !store.IsCommitID(f.OID) || f.LFS != "" && !store.IsSHA256(f.LFS) {
				return fmt.Errorf("commit %s lists %q wrongly", c.ID, f.Path)
			}
			if err := wire.CheckPath(f.Path); err != nil {
				return err
			}
			last = f.Path
		}
	}
	return nil
}
