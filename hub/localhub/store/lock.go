package store

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// lockPoll is how long a process waits before it looks again whether another
// one has let go of a lock.
const lockPoll = 10 * time.Millisecond

// LockAlone takes a lock of this name that only one process has at a time,
// until the file is closed or the process ends, however it ends. It does not
// wait.
func (s *Store) LockAlone(name string) (io.Closer, error) {
	l := flock.New(s.Path(name))
	ok, err := l.TryLock()
	if err == nil && !ok {
		err = errors.New("another process has it open")
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// localLocks are the locks that this process has or waits for, by name. Between
// goroutines they are handed on at once, without a look at the disk.
type localLocks struct {
	mu   sync.Mutex
	held map[string]*localLock
}

type localLock struct {
	free  chan struct{} // holds a value while nobody has the lock
	users int
}

func (ls *localLocks) take(ctx context.Context, name string) (release func(), err error) {
	ls.mu.Lock()
	l := ls.held[name]
	if l == nil {
		l = &localLock{free: make(chan struct{}, 1)}
		l.free <- struct{}{}
		if ls.held == nil {
			ls.held = map[string]*localLock{}
		}
		ls.held[name] = l
	}
	l.users++
	ls.mu.Unlock()
	leave := func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(ls.held, name)
		}
	}
	select {
	case <-l.free:
		return func() { l.free <- struct{}{}; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}

// lock makes the caller the only one, in all processes, who has the lock.
func (s *Store) lock(ctx context.Context, name string) (unlock func(), err error) {
	if s.readOnly {
		return nil, ErrReadOnly
	}
	release, err := s.locks.take(ctx, name)
	if err != nil {
		return nil, err
	}
	file := flock.New(s.Path("locks", name))
	if _, err := file.TryLockContext(ctx, lockPoll); err != nil {
		release()
		return nil, err
	}
	return func() { file.Close(); release() }, nil
}

// KeepObjects keeps objects from being collected until release is called: for
// whoever makes some reachable.
func (s *Store) KeepObjects(ctx context.Context) (release func(), err error) {
	if s.readOnly {
		return nil, ErrReadOnly
	}
	file := flock.New(s.Path("locks", "objects"))
	s.objects.RLock()
	if _, err := file.TryRLockContext(ctx, lockPoll); err != nil {
		s.objects.RUnlock()
		return nil, err
	}
	return func() { file.Close(); s.objects.RUnlock() }, nil
}

// LockObjects waits until nobody makes objects reachable, and keeps it so until
// release is called.
func (s *Store) LockObjects(ctx context.Context) (release func(), err error) {
	file := flock.New(s.Path("locks", "objects"))
	s.objects.Lock()
	if _, err := file.TryLockContext(ctx, lockPoll); err != nil {
		s.objects.Unlock()
		return nil, err
	}
	return func() { file.Close(); s.objects.Unlock() }, nil
}

// stamp tells whether a file is the one that was looked at before.
type stamp struct{ info os.FileInfo }

// settled is how old a file's time must be for an equal one to mean that the
// file is the same: filesystems count time in steps.
const settled = 100 * time.Millisecond

// same reports whether nothing happened to the file since.
func (t stamp) same(now os.FileInfo) bool {
	return t.info != nil && os.SameFile(t.info, now) && t.info.Size() == now.Size() && t.info.ModTime().Equal(now.ModTime())
}

// stampOf remembers a file; nothing if it changed so lately that it may change
// again unseen.
func stampOf(fi os.FileInfo, looked time.Time) stamp {
	if age := looked.Sub(fi.ModTime()); age >= 0 && age < settled {
		return stamp{}
	}
	return stamp{fi}
}
