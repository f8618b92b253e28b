package durable

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

// ErrLocked is the answer of TryLock while somebody else holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is a lock file that one holder has at a time. The system releases it
// when the process ends, however it ends.
type Lock struct {
	file *flock.Flock // nil where the filesystem knows no locks
}

// AcquireLock waits until the lock is this caller's; waiting, if not nil, is
// called once when it has to wait.
//
// Filesystems without locks are taken as free: what is written under a lock has
// to be checked, or renamed in one step, all the same.
func AcquireLock(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for began, first := time.Now(), true; ; first = false {
		l, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		if first && waiting != nil {
			waiting()
		}
		select {
		case <-time.After(lockPoll(time.Since(began))):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// lockPoll is how long to wait before looking again: short locks are taken
// soon, and long ones cost little.
func lockPoll(waited time.Duration) time.Duration {
	return min(max(waited/10, 5*time.Millisecond), 100*time.Millisecond)
}

// TryLock takes the lock or answers ErrLocked at once. Missing directories are
// made.
func TryLock(path string) (*Lock, error) {
	if err := MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	for range 100 {
		l, err := tryLock(path, os.O_RDWR|os.O_CREATE)
		if errors.Is(err, fs.ErrPermission) { // another user's file: to read it is enough
			l, err = tryLock(path, os.O_RDONLY)
		}
		if err != nil {
			return nil, err
		}
		if l.named(path) {
			return l, nil
		}
		if err := l.Release(); err != nil {
			return nil, err
		}
	}
	return nil, ErrLocked // somebody removes it all the time
}

func tryLock(path string, flag int) (*Lock, error) {
	file := flock.New(path, flock.SetFlag(flag|noFollow), flock.SetPermissions(fileMode))
	switch ok, err := file.TryLock(); {
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOLCK):
		return &Lock{}, nil
	case err != nil:
		return nil, err
	case !ok:
		return nil, ErrLocked
	}
	return &Lock{file: file}, nil
}

// named tells whether the file that was locked still has the name: other tools
// remove lock files, and the next one then locks a new file.
func (l *Lock) named(path string) bool {
	if l.file == nil {
		return true
	}
	locked, err := l.file.Stat()
	if err != nil {
		return false
	}
	now, err := os.Lstat(path)
	return err == nil && os.SameFile(locked, now)
}

// Release lets the next one in. The lock file stays: removing it would let two
// processes lock two files of one name.
func (l *Lock) Release() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
