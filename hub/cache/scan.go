package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Cached is a repo in the cache.
type Cached struct {
	Type       string     `json:"type"` // "model", "dataset" or "space"
	ID         string     `json:"id"`
	Size       int64      `json:"size"` // bytes, each content once
	Revisions  []Revision `json:"revisions"`
	Unfinished int64      `json:"unfinished"` // bytes of the disk that unfinished files take
	Loose      int64      `json:"loose"`      // bytes of content that no revision shows

	repo    Repo
	scanned time.Time
}

// Revision is a commit in the cache.
type Revision struct {
	Commit   string    `json:"commit"`
	Refs     []string  `json:"refs"` // branches and tags that stood for it when the hub was last asked
	Files    int       `json:"files"`
	Size     int64     `json:"size"`     // bytes, each content once
	Missing  []string  `json:"missing"`  // files that the commit has and that were never fetched, or are gone
	Modified time.Time `json:"modified"` // when it was last written to

	contents map[string]bool // paths of its content
}

// Scan lists the repos in the cache at root, by type and id. A folder that is
// none is passed over; a cache that is not there is empty.
func Scan(root string) ([]Cached, error) {
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Cached
	for _, e := range entries {
		plural, name, ok := strings.Cut(e.Name(), "--")
		if !ok || !e.IsDir() || !slices.Contains([]string{"models", "datasets", "spaces"}, plural) {
			continue
		}
		c, err := scanRepo(Cached{
			Type: strings.TrimSuffix(plural, "s"), ID: strings.ReplaceAll(name, "--", "/"),
			repo: Repo{root: root, name: e.Name()}, scanned: time.Now(),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func scanRepo(c Cached) (Cached, error) {
	commits, err := os.ReadDir(c.repo.SnapshotDir(""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	refs, err := c.repo.refs()
	if err != nil {
		return c, err
	}
	sizes := map[string]int64{} // of contents, by their paths
	c.Revisions = []Revision{}
	for _, e := range commits {
		if !e.IsDir() {
			continue
		}
		r, err := c.repo.scanRevision(e.Name(), sizes)
		if err != nil {
			return c, err
		}
		r.Refs = append([]string{}, refs[r.Commit]...)
		c.Revisions = append(c.Revisions, r)
	}
	for _, n := range sizes {
		c.Size += n
	}
	blobs, err := os.ReadDir(c.repo.BlobPath(""))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	for _, e := range blobs {
		p := c.repo.BlobPath(e.Name())
		st, err := os.Stat(p)
		_, shown := sizes[p]
		switch {
		case err != nil || !st.Mode().IsRegular() || shown:
		case isUnfinished(e.Name()):
			c.Unfinished += allocated(st)
		case !sharesFile(p, st, sizes):
			c.Loose += st.Size()
		}
	}
	c.Size += c.Loose
	return c, nil
}

// sharesFile tells whether a revision shows a blob as a second name of its file,
// as where no symbolic links can be made.
func sharesFile(path string, st fs.FileInfo, shown map[string]int64) bool {
	for other := range shown {
		if filepath.Dir(other) == filepath.Dir(path) {
			continue // a blob of its own
		}
		if o, err := os.Stat(other); err == nil && os.SameFile(o, st) {
			return true
		}
	}
	return false
}

// refs are the branches and tags of each commit.
func (r Repo) refs() (map[string][]string, error) {
	of := map[string][]string{}
	root := filepath.Join(r.Dir(), "refs")
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(rel)
		if commit, err := r.Ref(name); err == nil {
			of[commit] = append(of[commit], name)
		}
		return nil
	})
	return of, err
}

// scanRevision looks at a commit's files, and adds their contents to sizes.
func (r Repo) scanRevision(commit string, sizes map[string]int64) (Revision, error) {
	rev := Revision{Commit: commit, Missing: []string{}, contents: map[string]bool{}}
	files, err := r.Files(commit)
	if err != nil {
		return rev, err
	}
	for _, path := range files {
		p, _ := r.Lookup(commit, path)
		content, err := filepath.EvalSymlinks(p)
		if blob := filepath.Join(filepath.Dir(p), readlink(p)); err == nil && filepath.Dir(blob) == filepath.Dir(r.BlobPath("x")) {
			content = blob // which may be a link to what repos share
		}
		st, serr := os.Stat(p)
		if err = errors.Join(err, serr); err != nil {
			return rev, err
		}
		rev.Files++
		if !rev.contents[content] {
			rev.Size += st.Size()
		}
		rev.contents[content] = true
		sizes[content] = st.Size()
		if st.ModTime().After(rev.Modified) {
			rev.Modified = st.ModTime()
		}
	}
	listed, _, err := r.Tree(commit)
	if err == nil {
		for path := range listed {
			if _, ok := r.Lookup(commit, path); !ok {
				rev.Missing = append(rev.Missing, path)
			}
		}
		slices.Sort(rev.Missing)
	}
	return rev, nil
}

func readlink(p string) string {
	target, _ := os.Readlink(p)
	return target
}

// Damage is a file in the cache that is not what it should be.
type Damage struct {
	Path string `json:"path"` // of the content
	Want string `json:"want"` // hash
	Got  string `json:"got"`
}

// Verify hashes all content of a repo that is kept by its hash, and returns what
// is damaged and how many files were looked at. What is right is remembered by v.
// note, which may be nil, hears of bytes.
func (c Cached) Verify(ctx context.Context, v *Verified, note func(int64)) (damaged []Damage, checked int, err error) {
	seen := map[string]bool{}
	for _, r := range c.Revisions {
		for _, path := range sortedKeys(r.contents) {
			st, err := os.Stat(path)
			if err != nil {
				return nil, checked, err
			}
			etag := filepath.Base(path)
			hash := HashOf(etag, st.Size(), r.Commit)
			if hash == nil || seen[path] {
				continue
			}
			seen[path] = true
			checked++
			err = v.Check(ctx, path, []Content{{Etag: etag, Size: st.Size(), NewHash: hash}}, true, note)
			var corrupt *CorruptError
			switch {
			case errors.As(err, &corrupt):
				damaged = append(damaged, Damage{Path: path, Want: corrupt.Want, Got: corrupt.Got})
			case err != nil:
				return nil, checked, err
			}
		}
	}
	return damaged, checked, nil
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
