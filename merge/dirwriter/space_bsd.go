//go:build darwin || freebsd

package dirwriter

import "golang.org/x/sys/unix"

func reflinks(*unix.Statfs_t) bool { return false }
