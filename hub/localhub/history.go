package localhub

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// commit is a snapshot of all files of a repo, and how it came to be.
type commit struct {
	ID      string    `json:"id"`
	Parent  string    `json:"parent,omitempty"`
	Author  string    `json:"author"`
	Title   string    `json:"title"`
	Message string    `json:"message,omitempty"`
	Date    time.Time `json:"date"` // whole seconds, UTC: what git keeps

	files []file // sorted by path
	dirs  func() map[string]string
}

// file is one file of a commit.
type file struct {
	Path   string `json:"path"`
	OID    string `json:"oid"` // git blob id; of the pointer if LFS is set
	Size   int64  `json:"size"`
	LFS    string `json:"lfs,omitempty"` // sha256 of a large file
	Commit string `json:"commit"`        // the commit that changed it last
}

func byPath(f file, path string) int { return strings.Compare(f.Path, path) }

// find returns the file at path.
func (c *commit) find(path string) (file, bool) {
	i, ok := slices.BinarySearchFunc(c.files, path, byPath)
	if !ok {
		return file{}, false
	}
	return c.files[i], true
}

// under returns the files below a folder; all of them for "".
func (c *commit) under(dir string) []file {
	if dir == "" {
		return c.files
	}
	lo, _ := slices.BinarySearchFunc(c.files, dir+"/", byPath)
	hi, _ := slices.BinarySearchFunc(c.files, dir+"0", byPath) // "0" follows "/"
	return c.files[lo:hi]
}

// newCommit makes the snapshot of files, which must be sorted. It sets the
// commit's id on the files that have no commit yet.
func newCommit(c commit, files []file) *commit {
	c.Date = c.Date.UTC().Truncate(time.Second)
	c.files = files
	c.dirs = sync.OnceValue(func() map[string]string { return gitTreeIDs(files) })
	c.ID = gitCommitID(&c, c.dirs()[""])
	for i := range files {
		if files[i].Commit == "" {
			files[i].Commit = c.ID
		}
	}
	return &c
}

func (r *repo) commitPath(id string) string { return r.path("commits", id[:2], id) }

// saveCommit writes a commit that no ref names yet.
func (r *repo) saveCommit(c *commit) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // ends each value with a newline
	if err := enc.Encode(c); err != nil {
		return err
	}
	if err := enc.Encode(c.files); err != nil {
		return err
	}
	if err := r.store.write(r.commitPath(c.ID), b.Bytes()); err != nil {
		return err
	}
	r.store.commits.put(r.id, c)
	return nil
}

// commit reads a whole commit.
func (r *repo) commit(id string) (*commit, error) {
	if c := r.store.commits.get(r.id, id); c != nil {
		return c, nil
	}
	c, err := r.readCommit(id, true)
	if err != nil {
		return nil, err
	}
	c.dirs = sync.OnceValue(func() map[string]string { return gitTreeIDs(c.files) })
	r.store.commits.put(r.id, c)
	return c, nil
}

// header reads what a commit says about itself, without its files.
func (r *repo) header(id string) (*commit, error) {
	if c := r.store.commits.get(r.id, id); c != nil {
		return c, nil
	}
	return r.readCommit(id, false)
}

func (r *repo) readCommit(id string, files bool) (*commit, error) {
	f, err := os.Open(r.commitPath(id))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := &commit{}
	dec := json.NewDecoder(f)
	err = dec.Decode(c)
	if err == nil && files {
		err = dec.Decode(&c.files)
	}
	if err != nil {
		return nil, fmt.Errorf("reading commit %s: %w", id, err)
	}
	return c, nil
}

// commitCache keeps the commits that were used last. Every request needs one,
// and a repo of many files has large ones.
type commitCache struct {
	mu    sync.Mutex
	held  []heldCommit // oldest use first
	files int
}

type heldCommit struct {
	repo RepoID
	*commit
}

// maxCachedFiles bounds the cache: about 20 MB of files.
const maxCachedFiles = 50_000

func (cc *commitCache) get(id RepoID, commit string) *commit {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	for i, h := range cc.held {
		if h.ID == commit && h.repo == id {
			cc.held = append(slices.Delete(cc.held, i, i+1), h)
			return h.commit
		}
	}
	return nil
}

func (cc *commitCache) put(id RepoID, c *commit) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	cc.held = append(cc.held, heldCommit{id, c})
	cc.files += len(c.files) + 1
	for len(cc.held) > 1 && cc.files > maxCachedFiles || len(cc.held) > 256 {
		cc.files -= len(cc.held[0].files) + 1
		cc.held = slices.Delete(cc.held, 0, 1)
	}
}

// forget drops what is known of a repo that is gone, in case another one gets
// its name.
func (cc *commitCache) forget(id RepoID) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	cc.held = slices.DeleteFunc(cc.held, func(h heldCommit) bool {
		if h.repo == id {
			cc.files -= len(h.files) + 1
		}
		return h.repo == id
	})
}
