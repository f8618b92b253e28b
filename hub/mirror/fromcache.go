package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Cache is the shared cache. As a [Giver] it has what was downloaded of a repo
// before, which is linked, not fetched. As a [Source] it has the revisions whose
// list of files it knows (trees/{commit}.json, which hf and longcat write), with
// the content that was downloaded: enough where no hub can be reached.
//
// The cache does not know whether a repo is private. A copy out of it is, until
// it is mirrored from the hub.
type Cache struct {
	Dir      string // "…/huggingface/hub"
	Upstream string // endpoint of the hub that it is of
}

// unknownTitle is the title of every commit: the cache keeps no messages.
const unknownTitle = "(its message is not in the cache)"

// Name implements Source.
func (c Cache) Name() string { return c.Dir }

func (c Cache) repo(id store.RepoID) cache.Repo {
	return cache.NewRepo(c.Dir, id.Type.Plural(), id.Name)
}

// Find implements Giver.
func (c Cache) Find(id store.RepoID, sha256 string) string {
	if c.Dir == "" || sha256 == "" {
		return ""
	}
	path, err := filepath.EvalSymlinks(c.repo(id).BlobPath(sha256))
	if err != nil {
		return ""
	}
	return path
}

// Repos implements Source.
func (c Cache) Repos(_ context.Context, kind hub.RepoType, author string) iter.Seq2[store.RepoID, error] {
	return func(yield func(store.RepoID, error) bool) {
		all, err := cache.Scan(c.Dir)
		if err != nil {
			yield(store.RepoID{}, err)
			return
		}
		for _, r := range all {
			id := store.RepoID{Type: hub.RepoType(r.Type), Name: r.ID}
			if id.Type == kind && id.Namespace() == author && !yield(id, nil) {
				return
			}
		}
	}
}

// Repo implements Source. Branches and tags look the same in the cache: all are
// taken for branches.
func (c Cache) Repo(_ context.Context, id store.RepoID) (*Repo, error) {
	all, err := cache.Scan(c.Dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(r cache.Cached) bool { return r.Type == string(id.Type) && r.ID == id.Name })
	if i < 0 {
		return nil, ErrGone
	}
	repo := &Repo{From: id, Refs: map[string]string{}, Settings: store.Settings{Private: true, Upstream: c.Upstream}}
	for _, r := range all[i].Revisions {
		if _, _, err := c.repo(id).Tree(r.Commit); err != nil {
			continue
		}
		for _, name := range r.Refs {
			if kind, _, full := store.SplitRef(name); !full || kind != store.Pulls {
				name = store.Ref{Kind: store.Heads, Name: name}.Full()
			}
			repo.Refs[name] = r.Commit
		}
	}
	if len(repo.Refs) == 0 {
		return nil, errors.New("the cache knows no branch of it with a list of its files: download it once while the hub can be reached")
	}
	return repo, nil
}

// Files implements Source.
func (c Cache) Files(_ context.Context, id store.RepoID, commit string) ([]store.File, error) {
	tree, _, err := c.repo(id).Tree(commit)
	if err != nil {
		return nil, err
	}
	var files []store.File
	for path, t := range tree {
		f := store.File{Path: path, OID: t.BlobID, Size: t.Size, LFS: t.SHA256}
		if f.LFS != "" {
			if t.LFSSize > 0 {
				f.Size = t.LFSSize
			}
			f.OID = store.BlobID([]byte(wire.LFSPointer(f.LFS, f.Size)))
		}
		if wire.CheckPath(path) != nil || !store.IsCommitID(f.OID) || f.LFS != "" && !store.IsSHA256(f.LFS) || f.Size < 0 {
			return nil, fmt.Errorf("the list of files of %s in the cache is wrong at %q", commit, path)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// History implements Source: the commit alone is known.
func (c Cache) History(_ context.Context, id store.RepoID, commit string) iter.Seq2[store.Commit, error] {
	return func(yield func(store.Commit, error) bool) {
		h := store.Commit{ID: commit, Title: unknownTitle}
		st, err := os.Stat(c.repo(id).SnapshotDir(commit))
		if err == nil {
			h.Date = st.ModTime()
		}
		yield(h, err)
	}
}

// Keeps reports whether a file was downloaded.
func (c Cache) Keeps(id store.RepoID, f store.File) bool {
	st, err := os.Stat(c.repo(id).BlobPath(key(f)))
	return err == nil && st.Mode().IsRegular() && st.Size() == f.Size
}

// Open implements Source.
func (c Cache) Open(_ context.Context, id store.RepoID, commit string, f store.File) (*io.SectionReader, io.Closer, error) {
	path, ok := c.repo(id).Lookup(commit, f.Path)
	if !ok {
		path = c.repo(id).BlobPath(key(f))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	st, err := file.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, file.Close())
	}
	return io.NewSectionReader(file, 0, st.Size()), file, nil
}
