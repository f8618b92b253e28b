package store

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"time"
)

var sha256ID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// IsSHA256 reports whether s is a sha256 in small hexadecimal digits.
func IsSHA256(s string) bool { return sha256ID.MatchString(s) }

// ObjectPath is where the content with this sha256 lies, if it is kept as a
// plain file.
func (s *Store) ObjectPath(sha256 string) string { return s.Path("objects", sha256[:2], sha256) }

// ObjectSize is the size of an object in bytes, or false if it is not there.
func (s *Store) ObjectSize(sha256 string) (int64, bool) {
	fi, err := os.Stat(s.ObjectPath(sha256))
	if err != nil {
		return 0, false
	}
	return fi.Size(), true
}

// OpenObject opens an object. The error is fs.ErrNotExist if it is not there.
func (s *Store) OpenObject(sha256 string) (*os.File, error) { return os.Open(s.ObjectPath(sha256)) }

// PutObject makes an object of a temporary file (see [Store.Temp]), whose
// sha256 the caller has verified. Nothing keeps it from being collected until a
// repo names it: the caller does both within [Store.KeepObjects].
func (s *Store) PutObject(f *os.File, sha256 string) error { return Publish(f, s.ObjectPath(sha256)) }

// RemoveObject removes an object.
func (s *Store) RemoveObject(sha256 string) error { return remove(s.ObjectPath(sha256)) }

// EachObject visits the objects.
func (s *Store) EachObject(visit func(sha256 string) error) error {
	directories, err := os.ReadDir(s.Path("objects"))
	if err != nil {
		return err
	}
	for _, directory := range directories {
		entries, err := os.ReadDir(s.Path("objects", directory.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !IsSHA256(e.Name()) {
				continue // not ours
			}
			if err := visit(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// HasObject reports whether a commit of this repo has the object.
func (r *Repo) HasObject(sha256 string) bool { return exists(r.Path("lfs", sha256)) }

func (r *Repo) pendingPath(sha256, user string) string { return r.Path("pending", sha256+"--"+user) }

// HasPending reports whether user sent the object to this repo.
func (r *Repo) HasPending(sha256, user string) bool { return exists(r.pendingPath(sha256, user)) }

// MarkPending notes that user sent the object to this repo.
func (r *Repo) MarkPending(sha256, user string) error { return writeEmpty(r.pendingPath(sha256, user)) }

// MarkCommitted notes that a commit which is about to appear has the object,
// which user may have sent here.
func (r *Repo) MarkCommitted(sha256, user string) error {
	if err := writeEmpty(r.Path("lfs", sha256)); err != nil {
		return err
	}
	return remove(r.pendingPath(sha256, user))
}

// ObjectIDs lists the objects that the repo's commits have.
func (r *Repo) ObjectIDs() ([]string, error) {
	entries, err := os.ReadDir(r.Path("lfs"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ids := make([]string, 0, len(entries))
	for _, e := range entries {
		ids = append(ids, e.Name())
	}
	return ids, nil
}

// PendingIDs lists the objects that were sent to this repo and that no commit
// has yet, and forgets those that came before a time.
func (r *Repo) PendingIDs(before time.Time) ([]string, error) {
	entries, err := os.ReadDir(r.Path("pending"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var ids []string
	for _, e := range entries {
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // committed this moment
		}
		if err != nil {
			return nil, err
		}
		if fi.ModTime().Before(before) {
			if err := remove(r.Path("pending", e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		sha256, _, _ := strings.Cut(e.Name(), "--")
		ids = append(ids, sha256)
	}
	return ids, nil
}
