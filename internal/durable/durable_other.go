//go:build !unix

package durable

import "io/fs"

// noFollow has no equal here; OpenRegular's look before and after has to do.
const noFollow = 0

// links is not known here.
func links(fs.FileInfo) uint64 { return 1 }

// IsOwn is not known here: directories belong to one user by default.
func IsOwn(fs.FileInfo) bool { return true }
