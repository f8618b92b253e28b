package store

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gofrs/flock"

	"longcat/internal/durable"
)

// openTemp makes this process its own directory of unfinished files, and
// removes those of processes that are gone: whose lock can be had.
func (s *Store) openTemp() error {
	entries, err := os.ReadDir(s.Path("tmp"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if _, err := os.Lstat(s.Path("tmp", e.Name(), tempLock)); err != nil {
			continue // not ours
		}
		l := flock.New(s.Path("tmp", e.Name(), tempLock))
		if ok, err := l.TryLock(); err != nil || !ok {
			continue
		}
		err := os.RemoveAll(s.Path("tmp", e.Name()))
		if err = errors.Join(err, l.Close()); err != nil {
			return err
		}
	}
	s.temp = s.Path("tmp", rand.Text())
	if err := os.MkdirAll(s.temp, 0o755); err != nil {
		return err
	}
	// Another process that opens the directory in this moment sees no lock yet,
	// and leaves it alone.
	s.tempLock = flock.New(filepath.Join(s.temp, tempLock))
	if ok, err := s.tempLock.TryLock(); err != nil || !ok {
		return errors.Join(errors.New("locking a new directory"), err)
	}
	return EmptyTemp(s.Path("tmp"))
}

// tempLock is the file in a process' temporary directory that it has locked.
const tempLock = "lock"

// Temp makes a file to be filled and then given to [Publish] or [Drop].
func (s *Store) Temp(perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(s.TempName(), os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
}

// TempName is the path of a file that does not exist yet, for Temp's purposes.
func (s *Store) TempName() string {
	return filepath.Join(s.temp, strconv.FormatUint(s.temps.Add(1), 10))
}

// Drop closes and removes a temporary file.
func Drop(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// Publish gives a temporary file its final name, durably, and closes it. What
// stood under the name is replaced in one step.
func Publish(f *os.File, final string) error {
	err := errors.Join(durable.Sync(f), f.Close())
	if err == nil {
		err = makeDir(filepath.Dir(final))
	}
	if err == nil {
		err = os.Rename(f.Name(), final)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return durable.SyncDir(filepath.Dir(final))
}

// Write publishes data under final.
func (s *Store) Write(final string, data []byte, perm fs.FileMode) error {
	f, err := s.Temp(perm)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		Drop(f)
		return err
	}
	return Publish(f, final)
}

// writeEmpty makes an empty file whose name says it all.
func writeEmpty(final string) error {
	if err := makeDir(filepath.Dir(final)); err != nil {
		return err
	}
	f, err := os.OpenFile(final, os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(final))
}

// remove removes a file if it is there.
func remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// makeDir makes a directory and its parents, durably.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		return makeDir(dir)
	case err != nil:
		return err
	}
	return durable.SyncDir(filepath.Dir(dir))
}
