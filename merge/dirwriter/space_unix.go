//go:build linux || darwin || freebsd

package dirwriter

import (
	"os"

	"golang.org/x/sys/unix"
)

// sharesBlocks tells whether the filesystem of dir shares blocks between files.
func sharesBlocks(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && reflinks(&st)
}

// onDevice reports whether all files lie on the filesystem of dir.
func onDevice(dir string, files []*os.File) bool {
	var want, got unix.Stat_t
	if err := unix.Stat(dir, &want); err != nil {
		return false
	}
	for _, f := range files {
		if err := unix.Fstat(int(f.Fd()), &got); err != nil || got.Dev != want.Dev {
			return false
		}
	}
	return true
}
