package cache

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// onThisMachine tells whether a file is on a filesystem that no other machine
// writes to, so that a lock is one. What is not known is taken for shared.
func onThisMachine(f *os.File) bool {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false
	}
	switch st.Type {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.TMPFS_MAGIC, unix.OVERLAYFS_SUPER_MAGIC, zfsMagic, bcachefsMagic:
		return true
	}
	return false
}

// Source: linux/magic.h has neither; OpenZFS' zfs_vfsops and bcachefs_format.h.
const (
	zfsMagic      = 0x2fc12fc1
	bcachefsMagic = 0xca451a4e
)

// allocate gives a file its size and, where the filesystem can, its room on the
// disk: a full one is noticed now, and what arrives in any order lies in order.
// One in memory would fill it with zeros first.
func allocate(f *os.File, size int64) error {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err == nil && st.Type == unix.TMPFS_MAGIC {
		return f.Truncate(size)
	}
	for {
		err := unix.Fallocate(int(f.Fd()), 0, 0, size)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG), errors.Is(err, unix.EIO), errors.Is(err, unix.EROFS):
			return &os.PathError{Op: "making room for", Path: f.Name(), Err: err}
		default: // not on this filesystem
			return f.Truncate(size)
		}
	}
}
