package cache

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// ErrLocked is the answer of TryLock while another process holds the lock.
var ErrLocked = errors.New("locked by another process")

// lockPoll is how often a waiting process looks again.
const lockPoll = 100 * time.Millisecond

// Lock is held by one process at a time.
type Lock struct {
	f *os.File
}

// AcquireLock waits until this process alone holds the lock file; waiting, if
// not nil, is called once when it has to wait. The system releases the lock
// when the process ends, however it ends. On filesystems where locks do
// nothing the hash check still keeps wrong bytes from a final name.
func AcquireLock(ctx context.Context, path string, waiting func()) (*Lock, error) {
	for first := true; ; first = false {
		l, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return l, err
		}
		if first && waiting != nil {
			waiting()
		}
		select {
		case <-time.After(lockPoll):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// TryLock takes the lock or answers ErrLocked at once.
func TryLock(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := flock(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f: f}, nil
}

// Release lets the next one in. The lock file stays: removing it would let two
// processes lock two files of one name.
func (l *Lock) Release() error { return l.f.Close() }
