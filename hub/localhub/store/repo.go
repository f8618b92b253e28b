package store

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"longcat/hub/internal/wire"
)

// Settings are what a repo's owner decides about it.
type Settings struct {
	Private  bool       `json:"private"`
	Gated    wire.Gated `json:"gated"`
	Granted  []string   `json:"granted,omitempty"` // users whom a gate lets through
	Disabled bool       `json:"disabled,omitempty"`
	Upstream string     `json:"upstream,omitempty"` // endpoint of the hub that the repo is a copy of: nobody writes to it here
}

// About is what a repo says about itself.
type About struct {
	Settings
	Created time.Time `json:"created"`
	UID     string    `json:"uid,omitempty"` // another one for each repo that is made, whatever it is called
}

// Repo is a repo as it was when it was looked up. What it says of itself does
// not change; commits and refs are read as they are now.
type Repo struct {
	ID RepoID
	About
	store *Store
}

// readAbout reads repo.json.
func readAbout(path string) (About, error) {
	var a About
	data, err := os.ReadFile(path)
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(data, &a); err != nil {
		return a, fmt.Errorf("reading %q: %w", path, err)
	}
	return a, nil
}

// Path is a path in the repo's directory.
func (r *Repo) Path(elem ...string) string {
	return r.store.Path(append([]string{"repos", r.ID.Directory()}, elem...)...)
}

// Lock makes the caller the only one, in all processes, who changes the repo.
// It fails with [ErrNoRepo] if the repo was deleted or moved meanwhile.
func (r *Repo) Lock(ctx context.Context) (unlock func(), err error) {
	if unlock, err = r.store.lock(ctx, r.ID.Directory()); err != nil {
		return nil, err
	}
	now, err := readAbout(r.Path(aboutName))
	if err == nil && now.UID == r.UID && now.Created.Equal(r.Created) {
		return unlock, nil
	}
	unlock()
	if err == nil || os.IsNotExist(err) {
		err = ErrNoRepo
	}
	return nil, err
}

// Locked makes a change while nobody else makes one.
func (r *Repo) Locked(ctx context.Context, change func() error) error {
	unlock, err := r.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return change()
}

// Configure changes the settings, and returns them.
func (r *Repo) Configure(ctx context.Context, change func(*Settings)) (Settings, error) {
	var about About
	err := r.Locked(ctx, func() (err error) {
		if about, err = readAbout(r.Path(aboutName)); err != nil {
			return err
		}
		change(&about.Settings)
		return r.saveAbout(about)
	})
	return about.Settings, err
}

// aboutName is the file whose presence makes a directory a repo.
const aboutName = "repo.json"

func (r *Repo) saveAbout(about About) error {
	data, err := json.MarshalIndent(about, "", "  ")
	if err != nil {
		return err
	}
	defer r.store.index.forget(r.ID)
	return r.store.Write(r.Path(aboutName), data, 0o644)
}

func (r *Repo) blobPath(oid string) string { return r.Path("blobs", oid[:2], oid) }

// PutBlob keeps a small file and returns its git id.
func (r *Repo) PutBlob(content []byte) (string, error) {
	oid := BlobID(content)
	if exists(r.blobPath(oid)) {
		return oid, nil
	}
	return oid, r.store.Write(r.blobPath(oid), content, 0o644)
}

// HasBlob reports whether the repo keeps a small file with this git id.
func (r *Repo) HasBlob(oid string) bool { return gitID.MatchString(oid) && exists(r.blobPath(oid)) }

// OpenBlob opens a small file.
func (r *Repo) OpenBlob(oid string) (*os.File, error) { return os.Open(r.blobPath(oid)) }

// ReadFile reads a small file of a commit, or as much of it as limit bytes; nil
// if it is not there.
func (r *Repo) ReadFile(c *Commit, path string, limit int64) []byte {
	entry, ok := c.Find(path)
	if !ok || entry.LFS != "" {
		return nil
	}
	f, err := r.OpenBlob(entry.OID)
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
