package store

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/gofrs/flock"
)

// Store is an open directory. Its methods may be called concurrently, and other
// processes may have the same directory open.
type Store struct {
	dir      string
	temp     string // this process' directory of unfinished files
	tempLock *flock.Flock
	readOnly bool
	temps    atomic.Uint64

	index   repoIndex
	commits commitCache
	locks   localLocks
	objects sync.RWMutex // beside the lock that processes share: it is fair
}

// Open takes dir into use, which it creates if need be (see [Claim]). What
// processes that are gone left unfinished is removed.
func Open(dir string) (*Store, error) {
	if err := Claim(dir); err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	for _, sub := range []string{"tmp", "objects", "repos", "locks"} {
		if err := makeDir(s.Path(sub)); err != nil {
			return nil, err
		}
	}
	if err := s.openTemp(); err != nil {
		return nil, err
	}
	return s, nil
}

// OpenReadOnly opens a hub's directory and writes nothing there, so that it may
// be on a medium that can not be written. Temporary files are the system's.
func OpenReadOnly(dir string) (*Store, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	marked, err := readMark(dir)
	if err != nil {
		return nil, err
	}
	if !marked && !unmarkedHub(dir, entries) {
		return nil, &NotHubError{dir, describe(dir, entries)}
	}
	s := &Store{dir: dir, readOnly: true}
	s.temp, err = os.MkdirTemp("", "longcat-")
	return s, err
}

// Close removes what this process did not finish.
func (s *Store) Close() error {
	if s.readOnly {
		return os.RemoveAll(s.temp)
	}
	return errors.Join(os.RemoveAll(s.temp), s.tempLock.Close())
}

// Path is a path in the store's directory.
func (s *Store) Path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}
