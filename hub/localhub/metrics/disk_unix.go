//go:build unix

package metrics

import "golang.org/x/sys/unix"

// diskSpace is the room on the disk that a directory is on, in bytes.
func diskSpace(dir string) (free, size float64, ok bool) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, 0, false
	}
	block := float64(st.Bsize)
	return float64(st.Bavail) * block, float64(st.Blocks) * block, true
}
