package cache

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openDirect opens a file for writing around the page cache; nil where the
// filesystem can not do that.
func openDirect(path string) *os.File {
	f, err := os.OpenFile(path, os.O_WRONLY|unix.O_DIRECT, 0)
	if err != nil {
		return nil
	}
	return f
}

// allocate gives a file its size and, where the filesystem can, its room on the
// disk: a full one is noticed now, and what arrives in any order lies in order.
func allocate(f *os.File, size int64) error {
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EINVAL):
			return f.Truncate(size)
		default:
			return os.NewSyscallError("fallocate", err)
		}
	}
}
