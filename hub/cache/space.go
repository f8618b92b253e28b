package cache

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// partial is how many bytes of the disk the unfinished files below dir take.
// What can not be looked at counts as nothing.
func partial(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(d.Name(), partSuffix) {
			return nil //nolint:nilerr // see above
		}
		if st, err := d.Info(); err == nil {
			n += allocated(st)
		}
		return nil
	})
	return n
}
