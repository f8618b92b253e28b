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

// Close removes what this process did not finish.
func (s *Store) Close() error {
	return errors.Join(os.RemoveAll(s.temp), s.tempLock.Close())
}

// Path is a path in the store's directory.
func (s *Store) Path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}
