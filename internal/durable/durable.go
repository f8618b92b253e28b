// Package durable writes files atomically: a reader sees the whole old file or
// the whole new one, also after the machine went down. It holds what that takes:
// a temporary file beside the final one, fsync, rename and fsync of the
// directory; a file lock; and how much room the disk has.
//
// Files are made with mode 0666 and directories with 0777, less the umask, so
// that those who share a directory decide who may go on with its files. Nothing
// is ever written through a link that somebody planted under a temporary name.
package durable

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

const (
	fileMode fs.FileMode = 0o666
	dirMode  fs.FileMode = 0o777
)

// MkdirAll makes a directory and its parents.
func MkdirAll(dir string) error { return os.MkdirAll(dir, dirMode) }

// WriteFile gives path this content in one step. Missing directories are made.
func WriteFile(path string, content []byte) error {
	return Write(TempName(path), path, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
}

// Write lets fill write the file temp, which is then synced and renamed to path.
// Both have to be on one filesystem. Missing directories are made.
func Write(temp, path string, fill func(*os.File) error) (err error) {
	for _, p := range []string{temp, path} {
		if err := MkdirAll(filepath.Dir(p)); err != nil {
			return err
		}
	}
	f, err := Create(temp)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	if err := fill(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(Sync(f), f.Close()); err != nil {
		return err
	}
	return Rename(temp, path)
}

// TempName is a name beside path that nobody else uses. It is short, whatever
// the length of path's own name, and never reaches a final name.
func TempName(path string) string {
	return filepath.Join(filepath.Dir(path), ".longcat-"+rand.Text()+".tmp")
}

// Create makes a new, empty file for reading and writing. What has the name is
// removed, not written to: it may be a link that leads elsewhere, or a file that
// another user left.
func Create(path string) (*os.File, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_EXCL
	f, err := os.OpenFile(path, flags, fileMode)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, flags, fileMode)
}

// ErrNotRegular is the answer of OpenRegular where the name is that of a link,
// or of anything else that is no file of this one name.
var ErrNotRegular = errors.New("not a regular file of its own")

// OpenRegular opens a file that is there. It follows no symbolic link, and takes
// no file that has other names too: writing would change what those name.
func OpenRegular(path string, flag int) (*os.File, error) {
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() || links(before) > 1 {
		return nil, fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	f, err := os.OpenFile(path, flag|noFollow, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && !os.SameFile(before, after) {
		err = fmt.Errorf("%s: %w", path, ErrNotRegular)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Rename moves a file that was synced to its final name, durably. What has that
// name is replaced.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(to))
}

// Sync puts a file on the disk, as far as its filesystem can do that.
func Sync(f *os.File) error { return tolerate(f.Sync()) }

// SyncData is Sync without what reading the bytes does not need, such as times.
func SyncData(f *os.File) error { return tolerate(syncData(f)) }

// SyncDir makes the names in a directory survive a power cut, as far as the
// filesystem can do that.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) { // may be written, and not read
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	return Sync(d)
}

// tolerate drops the errors by which filesystems say that they can not fsync:
// EINVAL (FUSE, pipes), ENOTSUP and ENOSYS (network filesystems), and for
// directories EACCES (Windows).
func tolerate(err error) error {
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}
