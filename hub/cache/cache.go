// Package cache keeps what comes from a Hub on disk: in the cache that the
// Python tools share, or in a plain folder.
//
// The shared cache (huggingface_hub's layout; longcat writes the same names,
// so each finds the other's files):
//
//	{root}/models--{org}--{name}/
//	  blobs/{etag}                 content
//	  refs/{branch or tag}         the commit id, no newline
//	  snapshots/{commit}/{path}    relative symlink to ../../blobs/{etag}
//	  .no_exist/{commit}/{path}    empty: known not to be there
//	{root}/.locks/models--{org}--{name}/{etag}.lock
//
// A file that is still arriving stands beside its final place as
// {etag}.longcat.incomplete with a journal, see [Part]; it gets its final name
// only when it is whole, checked and synced.
package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"longcat/internal/durable"
)

// Repo is one repo's folder in a cache.
type Repo struct {
	root string // of the cache
	name string // "models--org--name"
}

// NewRepo names a repo's folder under the cache root. plural is "models",
// "datasets" or "spaces"; the id must be a valid one.
func NewRepo(root, plural, id string) Repo {
	return Repo{root: root, name: plural + "--" + strings.ReplaceAll(id, "/", "--")}
}

// Dir is the repo's folder.
func (r Repo) Dir() string { return filepath.Join(r.root, r.name) }

// BlobPath is where content with this etag stands, or will stand.
func (r Repo) BlobPath(etag string) string { return filepath.Join(r.Dir(), "blobs", etag) }

// LockPath is the lock that guards writing the blob; the Python tools' own.
func (r Repo) LockPath(etag string) string {
	return filepath.Join(r.root, ".locks", r.name, etag+".lock")
}

// SnapshotDir is the folder that shows the files of one commit.
func (r Repo) SnapshotDir(commit string) string {
	return filepath.Join(r.Dir(), "snapshots", commit)
}

// Ref returns the commit that a branch or tag stood for when it was last
// asked; errors.Is fs.ErrNotExist when it never was.
func (r Repo) Ref(rev string) (string, error) {
	path, err := r.refPath(rev)
	if err != nil {
		return "", err
	}
	b, err := os.ReadFile(path)
	return strings.TrimSpace(string(b)), err
}

// SetRef remembers the commit of a branch or tag.
func (r Repo) SetRef(rev, commit string) error {
	path, err := r.refPath(rev)
	if err != nil {
		return err
	}
	if old, err := r.Ref(rev); err == nil && old == commit {
		return nil
	}
	return r.write(path, func(f *os.File) error {
		_, err := f.WriteString(commit)
		return err
	})
}

// write replaces a file of the repo. What is not finished stands in the repo's
// own folder: whatever is found below it counts as a ref, or as a commit's file.
func (r Repo) write(path string, fill func(*os.File) error) error {
	return durable.Write(r.temp(), path, fill)
}

func (r Repo) temp() string { return durable.TempName(r.SnapshotDir("")) }

func (r Repo) refPath(rev string) (string, error) {
	if !filepath.IsLocal(rev) || strings.Contains(rev, "\\") {
		return "", fmt.Errorf("%q is not a revision that can be cached", rev)
	}
	return filepath.Join(r.Dir(), "refs", filepath.FromSlash(rev)), nil
}

// Lookup returns the path of a file of a commit when the cache holds it whole:
// its place in the snapshot, behind which the content is.
func (r Repo) Lookup(commit, path string) (string, bool) {
	p := filepath.Join(r.SnapshotDir(commit), filepath.FromSlash(path))
	st, err := os.Stat(p)
	return p, err == nil && st.Mode().IsRegular()
}

// Link shows a blob as a file of a commit and returns the file's place. What
// stands there already and is another file is replaced; shared content behind
// an old link is not touched.
func (r Repo) Link(commit, path, etag string) (string, error) {
	p := filepath.Join(r.SnapshotDir(commit), filepath.FromSlash(path))
	if err := durable.MkdirAll(filepath.Dir(p)); err != nil {
		return "", err
	}
	target, err := filepath.Rel(filepath.Dir(p), r.BlobPath(etag))
	if err != nil {
		return "", err
	}
	if old, err := os.Readlink(p); err == nil && old == target {
		return p, nil
	}
	tmp := r.temp()
	if err := os.Symlink(target, tmp); err != nil {
		return r.linkWithout(p, etag)
	}
	if err := os.Rename(tmp, p); err != nil {
		return "", errors.Join(err, os.Remove(tmp))
	}
	return p, nil
}

// linkWithout serves filesystems without symbolic links: the content gets the
// name as a second one, or where a file has no second name it is moved there, as
// the Python tools do. So it stands once on the disk.
func (r Repo) linkWithout(p, etag string) (string, error) {
	blob := r.BlobPath(etag)
	is, err := os.Stat(blob)
	if err != nil {
		return "", err
	}
	if there, err := os.Lstat(p); err == nil && os.SameFile(is, there) {
		return p, nil
	}
	temp := r.temp()
	if os.Link(blob, temp) != nil {
		return p, durable.Rename(blob, p)
	}
	if err := durable.Rename(temp, p); err != nil {
		return "", errors.Join(err, os.Remove(temp))
	}
	return p, nil
}

// SetNoExist remembers that a commit has no such file, so that offline readers
// need not ask.
func (r Repo) SetNoExist(commit, path string) error {
	p := filepath.Join(r.Dir(), ".no_exist", commit, filepath.FromSlash(path))
	if _, err := os.Stat(p); err == nil {
		return nil
	}
	return r.write(p, func(*os.File) error { return nil })
}

// Files lists what a snapshot shows, as slash paths in lexical order: all that
// is known of a commit without asking the Hub.
func (r Repo) Files(commit string) ([]string, error) {
	dir := r.SnapshotDir(commit)
	var files []string
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		if _, whole := r.Lookup(commit, filepath.ToSlash(rel)); whole {
			files = append(files, filepath.ToSlash(rel))
		}
		return nil
	})
	return files, err
}
