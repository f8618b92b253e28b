package cache

import "syscall"

// changed is when a file's content or inode was last written to.
func changed(st *syscall.Stat_t) int64 { return st.Ctim.Nano() }
