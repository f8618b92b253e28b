package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData puts a file's bytes on the disk, and of its metadata what reading
// them needs.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR { //nolint:errorlint // errno as it comes
			return err
		}
	}
}
