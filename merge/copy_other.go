//go:build !linux

package merge

import "os"

// kernel copies nothing where the system has no copy_file_range.
func (c *copier) kernel(*os.File, int64, int64, int64) (int64, error) { return 0, nil }
