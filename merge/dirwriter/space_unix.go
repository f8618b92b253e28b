//go:build linux || darwin || freebsd

package dirwriter

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes a user may still write to the filesystem of dir,
// and whether that filesystem shares blocks between files.
func freeSpace(dir string) (free int64, reflinks, known bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, false, false
	}
	return int64(st.Bavail) * int64(st.Bsize), sharesBlocks(&st), true
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

// lock takes f for this process, until it is closed; false when another has it.
func lock(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != unix.EWOULDBLOCK
}
