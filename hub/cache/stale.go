package cache

import (
	"os"
	"path/filepath"
	"strings"
	"time"

	"longcat/internal/durable"
)

// Unfinished files carry one of these, a part's journal one more suffix. The
// Python tools begin theirs anew each time, and never go on with one.
const otherSuffix = ".incomplete"

// RemoveStale removes unfinished files that nobody will go on with: those whose
// content is there meanwhile, and those that nobody wrote to since before and
// whose etag is not wanted. What another process has locked stays, and what can
// not be removed.
func (r Repo) RemoveStale(wanted func(etag string) bool, before time.Time) {
	dir := filepath.Join(r.Dir(), "blobs")
	for _, name := range unfinished(dir) {
		etag := etagOf(name)
		ours := strings.Contains(name, partSuffix)
		_, err := os.Stat(r.BlobPath(etag))
		if err != nil && ours && wanted(etag) {
			continue
		}
		st, serr := os.Lstat(filepath.Join(dir, name))
		if serr != nil || (err != nil || !ours) && !st.ModTime().Before(before) {
			continue
		}
		if lock, err := durable.TryLock(r.LockPath(etag)); err == nil {
			_ = os.Remove(filepath.Join(dir, name))
			_ = lock.Release()
		}
	}
}

// RemoveStale removes unfinished files that nobody wrote to since before and
// that are not parts of these contents: etags by the files' paths.
func (l LocalDir) RemoveStale(wanted map[string]string, before time.Time) {
	keep := map[string]bool{}
	dirs := map[string]bool{filepath.Join(l.private(), "download"): true}
	for path, etag := range wanted {
		part := l.PartPath(path, etag)
		keep[part+partSuffix], keep[part+partSuffix+".journal"] = true, true
		dirs[filepath.Dir(part)] = true
	}
	for dir := range dirs {
		for _, name := range unfinished(dir) {
			p := filepath.Join(dir, name)
			if st, err := os.Lstat(p); err == nil && !keep[p] && st.ModTime().Before(before) {
				_ = os.Remove(p)
			}
		}
	}
}

// isUnfinished tells the names of unfinished files, their journals and those of
// files that were being written.
func isUnfinished(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(strings.TrimSuffix(name, ".tmp"), ".journal"), otherSuffix)
}

// etagOf is the etag that the name of an unfinished file, or of any file in
// blobs/, begins with.
func etagOf(name string) string {
	if !isUnfinished(name) {
		return name
	}
	etag, _, _ := strings.Cut(name, ".")
	return etag
}

// unfinished lists the names of unfinished files in a directory.
func unfinished(dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if e.Type().IsRegular() && isUnfinished(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}
