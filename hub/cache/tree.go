package cache

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"longcat/internal/durable"
)

// TreeFile is what a commit's listing says of a file. Names and form are those
// of the Python tools, which keep the listings of commits in
// trees/{commit}.json: of a large file BlobID is git's pointer, and Size may be
// the pointer's as well.
type TreeFile struct {
	Size    int64  `json:"size"`
	BlobID  string `json:"blob_id"`
	SHA256  string `json:"lfs_sha256,omitempty"`
	LFSSize int64  `json:"lfs_size,omitempty"`
	Xet     string `json:"xet_hash,omitempty"`
}

// tree is the file's form.
type tree struct {
	Version int                 `json:"format_version"`
	Files   map[string]TreeFile `json:"files"`
}

const (
	treeVersion = 1
	maxTree     = 256 << 20 // bytes
)

// Tree is the listing of a commit, by path, and whether this user wrote it. An
// error means that it is not known.
func (r Repo) Tree(commit string) (files map[string]TreeFile, own bool, err error) {
	return readTree(r.treePath(commit))
}

// SetTree keeps the listing of a commit.
func (r Repo) SetTree(commit string, files map[string]TreeFile) error {
	return writeTree(r.temp(), r.treePath(commit), files)
}

func (r Repo) treePath(commit string) string {
	return filepath.Join(r.Dir(), "trees", commit+".json")
}

// Tree is Repo.Tree for what a directory holds.
func (l LocalDir) Tree(commit string) (files map[string]TreeFile, own bool, err error) {
	return readTree(l.treePath(commit))
}

// SetTree keeps the listing of a commit.
func (l LocalDir) SetTree(commit string, files map[string]TreeFile) error {
	if err := l.prepare(); err != nil {
		return err
	}
	path := l.treePath(commit)
	return writeTree(durable.TempName(path), path, files)
}

func (l LocalDir) treePath(commit string) string {
	return filepath.Join(l.private(), "trees", commit+".json")
}

func readTree(path string) (files map[string]TreeFile, own bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	var t tree
	if err := json.NewDecoder(io.LimitReader(f, maxTree)).Decode(&t); err != nil {
		return nil, false, fmt.Errorf("reading %s: %w", path, err)
	}
	if t.Version != treeVersion || t.Files == nil {
		return nil, false, fmt.Errorf("reading %s: format version %d is not known", path, t.Version)
	}
	return t.Files, durable.IsOwn(st), nil
}

func writeTree(temp, path string, files map[string]TreeFile) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(tree{treeVersion, files}); err != nil {
		return err
	}
	return durable.Write(temp, path, func(f *os.File) error {
		_, err := f.Write(b.Bytes())
		return err
	})
}
