package hub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"longcat/hub/cache"
)

// store is where downloaded files are kept.
type store interface {
	// lookup finds a file of a commit that is there already.
	lookup(commit, path string) (local string, ok bool)
	// holds finds content that another commit brought.
	holds(path, etag string, size int64) (local string, ok bool)
	// commitOffline tells the commit that a revision stood for.
	commitOffline(rev string) (string, error)
	// filesOffline lists those of a commit's files that are there.
	filesOffline(commit string) ([]string, error)
	// tree is the listing of a commit, if it was kept, and whether this user did.
	tree(commit string) (files map[string]cache.TreeFile, own bool, err error)
	setTree(commit string, files map[string]cache.TreeFile) error
	// hash is what the content of a file that was looked up is kept by, "" when
	// that does not show.
	hash(local string) string
	// missing remembers that a commit has no such file.
	missing(commit, path string) error
	// dir shows the files of a commit.
	dir(commit string) string

	lockPath(f *File) string
	// has tells whether the right content is there, whoever brought it.
	has(f *File) (bool, error)
	// paths are where content arrives, and where it will stand.
	paths(f *File) (part, final string)
	// keep makes content that stands a file of its commit.
	keep(f *File, now time.Time) (local string, err error)
	// finish remembers the revision, once all its files are there.
	finish(rev, commit string) error
}

func (c *Client) store(o DownloadOptions) (store, error) {
	if o.LocalDir != "" {
		return dirStore{cache.LocalDir{Dir: o.LocalDir}}, nil
	}
	if c.cfg.CacheDir == "" {
		return nil, errors.New("no folder to download into: the client has no cache")
	}
	return cacheStore{cache.NewRepo(c.cfg.CacheDir, o.Repo.Type.Plural(), o.Repo.ID)}, nil
}

// content tells a part what it is to become.
func content(f *File) cache.Content {
	return cache.Content{Etag: f.Etag, Size: f.Size, NewHash: f.newHash()}
}

// contents is content as cache.Verified takes it: nothing where the etag is no
// hash.
func contents(f *File) []cache.Content {
	if c := content(f); c.NewHash != nil {
		return []cache.Content{c}
	}
	return nil
}

// cacheStore is one repo of the shared cache.
type cacheStore struct {
	repo cache.Repo
}

func (s cacheStore) lookup(commit, path string) (string, bool) { return s.repo.Lookup(commit, path) }

func (s cacheStore) missing(commit, path string) error { return s.repo.SetNoExist(commit, path) }
func (s cacheStore) dir(commit string) string          { return s.repo.SnapshotDir(commit) }
func (s cacheStore) lockPath(f *File) string           { return s.repo.LockPath(f.Etag) }

func (s cacheStore) commitOffline(rev string) (string, error) {
	if commitID.MatchString(rev) {
		return rev, nil
	}
	return s.repo.Ref(rev)
}

func (s cacheStore) filesOffline(commit string) ([]string, error) { return s.repo.Files(commit) }

func (s cacheStore) tree(commit string) (map[string]cache.TreeFile, bool, error) {
	return s.repo.Tree(commit)
}

func (s cacheStore) setTree(commit string, files map[string]cache.TreeFile) error {
	return s.repo.SetTree(commit, files)
}

// hash is the name of the blob that a snapshot's link leads to.
func (s cacheStore) hash(local string) string {
	target, err := os.Readlink(local)
	if name := filepath.Base(target); err == nil && commitID.MatchString(name) {
		return name
	}
	return ""
}

// holds trusts a blob by its name and size: whoever puts one there checked it.
func (s cacheStore) holds(_, etag string, size int64) (string, bool) {
	p := s.repo.BlobPath(etag)
	st, err := os.Stat(p)
	return p, err == nil && st.Mode().IsRegular() && st.Size() == size
}

func (s cacheStore) has(f *File) (bool, error) {
	_, ok := s.holds(f.Path, f.Etag, f.Size)
	return ok, nil
}

func (s cacheStore) paths(f *File) (part, final string) {
	p := s.repo.BlobPath(f.Etag)
	return p, p
}

func (s cacheStore) keep(f *File, _ time.Time) (string, error) {
	return s.repo.Link(f.Commit, f.Path, f.Etag)
}

func (s cacheStore) finish(rev, commit string) error {
	if commitID.MatchString(rev) {
		return nil
	}
	return s.repo.SetRef(rev, commit)
}

// dirStore is a plain folder.
type dirStore struct {
	local cache.LocalDir
}

func (s dirStore) missing(string, string) error { return nil }
func (s dirStore) dir(string) string            { return s.local.Dir }
func (s dirStore) lockPath(f *File) string      { return s.local.LockPath(f.Path) }
func (s dirStore) finish(string, string) error  { return nil }

// hash is what the metadata says, if nobody wrote to the file since.
func (s dirStore) hash(local string) string {
	path, err := filepath.Rel(s.local.Dir, local)
	if err != nil {
		return ""
	}
	if m, ok := s.local.Metadata(filepath.ToSlash(path)); ok && commitID.MatchString(m.Etag) {
		return m.Etag
	}
	return ""
}

func (s dirStore) lookup(commit, path string) (string, bool) {
	m, ok := s.local.Metadata(path)
	return s.local.Path(path), ok && m.Commit == commit
}

func (s dirStore) holds(path, etag string, size int64) (string, bool) {
	m, ok := s.local.Metadata(path)
	st, err := os.Stat(s.local.Path(path))
	return s.local.Path(path), ok && m.Etag == etag && err == nil && st.Size() == size
}

// commitOffline is the commit that files were last fetched of, where the revision
// is none: a directory notes no branches.
func (s dirStore) commitOffline(rev string) (string, error) {
	if commitID.MatchString(rev) {
		return rev, nil
	}
	return s.local.LastCommit()
}

func (s dirStore) filesOffline(commit string) ([]string, error) { return s.local.Files(commit) }

func (s dirStore) tree(commit string) (map[string]cache.TreeFile, bool, error) {
	return s.local.Tree(commit)
}

func (s dirStore) setTree(commit string, files map[string]cache.TreeFile) error {
	return s.local.SetTree(commit, files)
}

// has believes the metadata, else it hashes: a file that a person put there is
// kept when it is the right one.
func (s dirStore) has(f *File) (bool, error) {
	path := s.local.Path(f.Path)
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil || st.Size() != f.Size || !st.Mode().IsRegular() {
		return false, err
	}
	if m, ok := s.local.Metadata(f.Path); ok {
		return m.Etag == f.Etag, nil
	}
	c := content(f)
	if c.NewHash == nil {
		return false, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	h := c.NewHash()
	if _, err := io.Copy(h, file); err != nil {
		return false, err
	}
	return fmt.Sprintf("%x", h.Sum(nil)) == f.Etag, nil
}

func (s dirStore) paths(f *File) (part, final string) {
	return s.local.PartPath(f.Path, f.Etag), s.local.Path(f.Path)
}

func (s dirStore) keep(f *File, now time.Time) (string, error) {
	err := s.local.SetMetadata(f.Path, cache.Metadata{Commit: f.Commit, Etag: f.Etag, Saved: now})
	return s.local.Path(f.Path), err
}
