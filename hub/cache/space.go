package cache

import "os"

// Partial is how many bytes of the disk the unfinished part at base takes.
func Partial(base string) int64 {
	st, err := os.Lstat(base + partSuffix)
	if err != nil || !st.Mode().IsRegular() {
		return 0
	}
	return allocated(st)
}
