//go:build linux || darwin

package cache

import (
	"io/fs"
	"syscall"
)

// allocated is how many bytes of the disk a file takes.
func allocated(st fs.FileInfo) int64 {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return sys.Blocks * 512 // whatever the block size, by stat(2)
}
