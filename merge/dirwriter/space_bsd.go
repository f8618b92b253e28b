//go:build darwin || freebsd

package dirwriter

import "golang.org/x/sys/unix"

func sharesBlocks(*unix.Statfs_t) bool { return false }
