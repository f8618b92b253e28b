package hub

import (
	"crypto/sha1" //nolint:gosec // git's blob id is a sha1
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"time"

	"longcat/hub/cache"
)

// store is where downloaded files are kept.
type store interface {
	// lookup finds a file of a commit that is there already.
	lookup(commit, path string) (local string, ok bool)
	// offline tells the commit a revision stood for, and its files.
	offline(rev string) (commit string, files []string, err error)
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
	c := cache.Content{Etag: f.Etag, Size: f.Size}
	switch f.Hash() {
	case SHA256:
		c.NewHash = sha256.New
	case GitBlob:
		c.NewHash = func() hash.Hash {
			h := sha1.New() //nolint:gosec // see above
			fmt.Fprintf(h, "blob %d\x00", f.Size)
			return h
		}
	}
	return c
}

// cacheStore is one repo of the shared cache.
type cacheStore struct {
	repo cache.Repo
}

func (s cacheStore) lookup(commit, path string) (string, bool) { return s.repo.Lookup(commit, path) }
func (s cacheStore) missing(commit, path string) error         { return s.repo.SetNoExist(commit, path) }
func (s cacheStore) dir(commit string) string                  { return s.repo.SnapshotDir(commit) }
func (s cacheStore) lockPath(f *File) string                   { return s.repo.LockPath(f.Etag) }

func (s cacheStore) offline(rev string) (string, []string, error) {
	commit := rev
	if !commitID.MatchString(rev) {
		var err error
		if commit, err = s.repo.Ref(rev); err != nil {
			return "", nil, err
		}
	}
	files, err := s.repo.Files(commit)
	return commit, files, err
}

// has trusts a blob by its name and size: whoever puts one there checked it.
func (s cacheStore) has(f *File) (bool, error) {
	st, err := os.Stat(s.repo.BlobPath(f.Etag))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && st.Size() == f.Size, err
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

func (s dirStore) lookup(commit, path string) (string, bool) {
	m, ok := s.local.Metadata(path)
	return s.local.Path(path), ok && m.Commit == commit
}

// offline takes what lies in the folder, whatever commit it is of.
func (s dirStore) offline(rev string) (string, []string, error) {
	return rev, nil, fmt.Errorf("a revision of a plain folder is not known offline: %w", fs.ErrNotExist)
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

// ensure the two keep the contract.
var (
	_ store = cacheStore{}
	_ store = dirStore{}
)
