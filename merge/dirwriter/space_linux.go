package dirwriter

import "golang.org/x/sys/unix"

func reflinks(st *unix.Statfs_t) bool {
	return int64(st.Type) == unix.XFS_SUPER_MAGIC || int64(st.Type) == unix.BTRFS_SUPER_MAGIC || int64(st.Type) == unix.BCACHEFS_SUPER_MAGIC
}
