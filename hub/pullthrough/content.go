package pullthrough

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/internal/durable"
)

// maxBlob is the largest file that is taken for a small one: hubs keep what is
// larger outside of git.
const maxBlob = 16 << 20

// Open returns the content of a file that a commit lists and the store lacks, as
// it comes from the upstream; the store keeps it once all of it is there and
// its hash is right. However many ask for a file, it is fetched once. ctx bounds
// the reading; the fetching goes on for the others.
//
// The last bytes of a large file are returned only after its hash was checked, so
// that a wrong file can not be read to its end.
func (c *Cache) Open(ctx context.Context, r *store.Repo, commit string, f store.File) (io.ReadSeekCloser, error) {
	if f.LFS == "" {
		err := c.once(ctx, r.ID.String()+" blob "+f.OID, func(ctx context.Context) error { return c.fetchBlob(ctx, r, commit, f) })
		if err != nil {
			return nil, err
		}
		return r.OpenBlob(f.OID)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.filling == nil {
		return nil, errClosed
	}
	// Checked under the lock: the file may have been finished since it was missed.
	if file, err := c.store.OpenObject(f.LFS); err == nil {
		return file, nil
	}
	part := c.filling[f.LFS]
	if part == nil {
		c.forgetOld()
		if err := c.makeRoom(f.Size); err != nil {
			return nil, err
		}
		part = newFilling(f.Size)
		part.final = c.store.ObjectPath(f.LFS)
		part.create = func() (*os.File, error) { return c.store.Temp(0o644) }
		part.start = func() { go c.fill(part, r, commit, f) }
		c.filling[f.LFS] = part
	}
	return part.reader(ctx, func() { c.forget(f.LFS, part) }), nil
}

// forget removes a file of which nothing was read: a request for its size alone
// leaves nothing behind.
func (c *Cache) forget(sha256 string, part *filling) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.filling[sha256] == part && part.untouched() {
		delete(c.filling, sha256)
	}
}

// keepFailed is how long an incomplete file is kept after fetching it failed, so
// that the next request resumes it.
const keepFailed = time.Hour

// forgetOld removes files whose fetching failed longer than keepFailed ago. The
// caller holds the lock.
func (c *Cache) forgetOld() {
	for sha256, part := range c.filling {
		if part.abandoned(time.Now().Add(-keepFailed)) {
			part.drop(errClosed)
			delete(c.filling, sha256)
		}
	}
}

// makeRoom refuses a file that the disk can not take. The caller holds the lock.
func (c *Cache) makeRoom(size int64) error {
	free, err := durable.Free(c.store.Path())
	if err != nil {
		return nil // the free space is not known: try
	}
	for _, part := range c.filling {
		free -= part.missing()
	}
	if free-size < c.opts.Reserve {
		return &hub.DiskError{Dir: c.store.Path(), Need: size + c.opts.Reserve, Free: max(free, 0)}
	}
	return nil
}

// fetchBlob fetches a small file, unless it is there.
func (c *Cache) fetchBlob(ctx context.Context, r *store.Repo, commit string, f store.File) error {
	if r.HasBlob(f.OID) {
		return nil
	}
	if f.Size > maxBlob {
		return fmt.Errorf("%s: %q has %d bytes and no sha256", r.ID, f.Path, f.Size)
	}
	content, closer, err := c.upstream.Open(ctx, hub.Repo{Type: r.ID.Type, ID: r.ID.Name}, commit, f.Path)
	if err != nil {
		return err
	}
	defer closer.Close()
	data := make([]byte, f.Size)
	if _, err := io.ReadFull(content, data); err != nil {
		return fmt.Errorf("%s: reading %q: %w", r.ID, f.Path, err)
	}
	if got := store.BlobID(data); got != f.OID {
		return fmt.Errorf("%s: the upstream's %q is not the file that it lists: its git id is %s, not %s", r.ID, f.Path, got, f.OID)
	}
	_, err = r.PutBlob(data)
	return err
}

// fill fetches a large file and makes it an object of the store. If that fails
// the incomplete file is kept for the next request; one of another hash is not.
func (c *Cache) fill(part *filling, r *store.Repo, commit string, f store.File) {
	ctx, cancel := c.background()
	defer cancel()
	err := c.fetchLarge(ctx, part, r, commit, f)
	if err != nil {
		c.opts.Notify(fmt.Sprintf("%s: fetching %q from %s: %v", r.ID, f.Path, c.upstream.Endpoint(), err))
	} else {
		c.opts.Notify(fmt.Sprintf("%s: %q fetched, %d bytes", r.ID, f.Path, f.Size))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if part.end(err) && c.filling[f.LFS] == part {
		delete(c.filling, f.LFS)
	}
}

func (c *Cache) fetchLarge(ctx context.Context, part *filling, r *store.Repo, commit string, f store.File) error {
	content, closer, err := c.upstream.Open(ctx, hub.Repo{Type: r.ID.Type, ID: r.ID.Name}, commit, f.Path)
	if err != nil {
		return err
	}
	defer closer.Close()
	if content.Size() != f.Size {
		return fmt.Errorf("it has %d bytes there, and %d in the list of files", content.Size(), f.Size)
	}
	if err := part.fetch(ctx, content, f.LFS); err != nil {
		return err
	}
	release, err := c.store.KeepObjects(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := r.MarkCommitted(f.LFS, ""); err != nil {
		return err
	}
	return c.store.PutObject(part.file, f.LFS)
}
