package durable

import (
	"os"
	"path/filepath"
)

// Free is how many bytes a user may still write on the filesystem of dir, which
// need not exist yet. It is errors.ErrUnsupported where that is not known.
func Free(dir string) (int64, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0, err
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return free(dir)
		}
		dir = filepath.Dir(dir)
	}
}
