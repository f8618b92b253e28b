package mirror

import (
	"path/filepath"

	"longcat/hub/cache"
	"longcat/hub/localhub/store"
)

// Cache is the shared cache as a [Giver]: what was downloaded of a repo before
// is linked, not fetched.
type Cache struct{ Dir string }

// Find implements Giver.
func (c Cache) Find(id store.RepoID, sha256 string) string {
	if c.Dir == "" {
		return ""
	}
	path, err := filepath.EvalSymlinks(cache.NewRepo(c.Dir, id.Type.Plural(), id.Name).BlobPath(sha256))
	if err != nil {
		return ""
	}
	return path
}
