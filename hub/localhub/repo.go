package localhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"longcat/hub/wire"
)

// Settings are what a repo's owner decides about it.
type Settings struct {
	Private  bool       `json:"private"`
	Gated    wire.Gated `json:"gated"`
	Granted  []string   `json:"granted,omitempty"` // users whom a gate lets through
	Disabled bool       `json:"disabled,omitempty"`
}

// repoFile is the content of repo.json.
type repoFile struct {
	Settings
	Created time.Time `json:"created"`
}

// repo is one repo's folder.
type repo struct {
	id    RepoID
	store *folder
	file  atomic.Pointer[repoFile]

	mu   sync.Mutex // held by whoever changes refs, pulls or settings
	gone bool       // deleted or moved: whoever waited for mu must give up
}

// openRepo reads a repo that is on disk.
func openRepo(s *folder, id RepoID) (*repo, error) {
	r := &repo{id: id, store: s}
	data, err := os.ReadFile(r.path("repo.json"))
	if err != nil {
		return nil, fmt.Errorf("reading repo %q: %w", id, err)
	}
	var file repoFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("reading repo %q: %w", id, err)
	}
	r.file.Store(&file)
	return r, nil
}

// path is a place in the repo's folder.
func (r *repo) path(elem ...string) string {
	return r.store.path(append([]string{"repos", r.id.folder()}, elem...)...)
}

// Settings is what holds now.
func (r *repo) Settings() Settings { return r.file.Load().Settings }

// lock makes the caller the only one who changes the repo. It fails if the
// repo went away meanwhile.
func (r *repo) lock() (unlock func(), err error) {
	r.mu.Lock()
	if r.gone {
		r.mu.Unlock()
		return nil, errNoRepo
	}
	return r.mu.Unlock, nil
}

// locked does a change while nobody else does one.
func (r *repo) locked(change func() error) error {
	unlock, err := r.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return change()
}

// update changes the settings.
func (r *repo) update(change func(*Settings)) error {
	return r.locked(func() error {
		file := *r.file.Load()
		change(&file.Settings)
		return r.save(file)
	})
}

func (r *repo) save(file repoFile) error {
	data, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return err
	}
	if err := r.store.write(r.path("repo.json"), data); err != nil {
		return err
	}
	r.file.Store(&file)
	return nil
}

func (r *repo) blobPath(oid string) string { return r.path("blobs", oid[:2], oid) }

// putBlob keeps a small file and returns its git id.
func (r *repo) putBlob(content []byte) (string, error) {
	oid := gitBlobID(content)
	if exists(r.blobPath(oid)) {
		return oid, nil
	}
	return oid, r.store.write(r.blobPath(oid), content)
}

// open opens the content of a file: an object if it is large, else a blob.
func (r *repo) open(f file) (io.ReadSeekCloser, error) {
	if f.LFS != "" {
		return r.store.openObject(f.LFS)
	}
	return os.Open(r.blobPath(f.OID))
}

// read reads a small file, or as much of it as limit bytes; nil if it is not there.
func (r *repo) read(c *commit, path string, limit int64) []byte {
	entry, ok := c.find(path)
	if !ok || entry.LFS != "" {
		return nil
	}
	f, err := r.open(entry)
	if err != nil {
		return nil
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil
	}
	return data
}

// hasObject reports whether a commit of this repo has the object.
func (r *repo) hasObject(sha256 string) bool { return exists(r.path("lfs", sha256)) }

// hasPending reports whether user sent the object to this repo.
func (r *repo) hasPending(sha256, user string) bool {
	return exists(r.path("pending", sha256+"--"+user))
}

func (r *repo) markPending(sha256, user string) error {
	return mark(r.path("pending", sha256+"--"+user))
}

// markCommitted notes that a commit which is about to appear has the object.
func (r *repo) markCommitted(sha256, user string) error {
	if err := mark(r.path("lfs", sha256)); err != nil {
		return err
	}
	err := os.Remove(r.path("pending", sha256+"--"+user))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// objectIDs lists what the repo keeps alive, committed or pending.
func (r *repo) objectIDs(pending bool) ([]string, error) {
	folders := []string{"lfs"}
	if pending {
		folders = append(folders, "pending")
	}
	var ids []string
	for _, folder := range folders {
		entries, err := os.ReadDir(r.path(folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			sha, _, _ := strings.Cut(e.Name(), "--")
			ids = append(ids, sha)
		}
	}
	return ids, nil
}

// grave is where the folder goes when the repo is deleted.
func (r *repo) grave() string { return r.store.path("tmp", "deleted-"+r.id.folder()) }

// bury takes the folder away in one step.
func (r *repo) bury() error {
	if err := os.RemoveAll(r.grave()); err != nil {
		return err
	}
	if err := os.Rename(r.path(), r.grave()); err != nil {
		return err
	}
	return syncDir(r.store.path("repos"))
}
