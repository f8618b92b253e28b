//go:build linux || darwin

package cache

import (
	"fmt"
	"io/fs"
	"syscall"
)

const isWindows = false

// identity changes when a file is replaced or written to.
func identity(st fs.FileInfo) string {
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Sprint(st.Size(), st.ModTime().UnixNano())
	}
	return fmt.Sprint(sys.Dev, sys.Ino, st.Size(), st.ModTime().UnixNano(), changed(sys))
}
