//go:build unix

package durable

import (
	"io/fs"
	"os"
	"syscall"
)

// noFollow makes open(2) fail on a symbolic link.
const noFollow = syscall.O_NOFOLLOW

// links is how many names a file has.
func links(st fs.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Nlink) // the types differ between systems
	}
	return 1
}

// IsOwn tells whether a file belongs to the user that this process acts as.
func IsOwn(st fs.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Geteuid()
}
