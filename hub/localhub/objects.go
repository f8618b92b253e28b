package localhub

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"longcat/hub/localhub/cas"
	"longcat/hub/localhub/store"
)

// Large files are objects of the store, or are made of the chunks of the cas,
// whichever way they came.

// openXet opens the store of chunks, which shares the objects.
func (h *Hub) openXet() (err error) {
	h.xet, err = cas.Open(cas.Options{
		Dir: h.store.Path("xet"), ReadOnly: h.opts.ReadOnly,
		Publish: store.Publish, EmptyTemp: store.EmptyTemp,
		Object: h.store.OpenObject,
	})
	return err
}

// objectSize is the size of a large file in bytes, or false if it is not there.
func (h *Hub) objectSize(sha256 string) (int64, bool) {
	if size, ok := h.store.ObjectSize(sha256); ok {
		return size, true
	}
	known, ok := h.xet.BySHA256(sha256)
	return known.Size, ok
}

// Keeps reports whether the hub has the content of a file of a repo. A mirror
// may lack that of some.
func (h *Hub) Keeps(id RepoID, f store.File) bool {
	if f.LFS != "" {
		_, ok := h.objectSize(f.LFS)
		return ok
	}
	r, ok := h.lookup(id)
	return ok && r.HasBlob(f.OID)
}

// openObject opens a large file, in whatever form it is kept.
func (h *Hub) openObject(sha256 string) (io.ReadSeekCloser, error) {
	f, err := h.store.OpenObject(sha256)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	made, err := h.xet.File(sha256)
	if err != nil {
		return nil, err
	}
	return h.xet.Open(made), nil
}

// open opens the content of a repo's file: an object if it is large, else a
// blob.
func (h *Hub) open(r *store.Repo, f store.File) (io.ReadSeekCloser, error) {
	if f.LFS != "" {
		return h.openObject(f.LFS)
	}
	return r.OpenBlob(f.OID)
}

// collectEvery is how often a running hub looks for what nobody needs.
const collectEvery = time.Hour

// collectByItself collects from time to time, and looks for what other processes
// have added, until ctx ends. What can not be done now can be the next time.
func (h *Hub) collectByItself(ctx context.Context) {
	collect, convert := time.NewTicker(collectEvery), time.NewTicker(convertEvery)
	defer collect.Stop()
	defer convert.Stop()
	for {
		select {
		case <-collect.C:
			_ = h.Collect(ctx)
		case <-convert.C:
			_ = h.convertMissing()
		case <-ctx.Done():
			return
		}
	}
}

// Collect is the garbage collection: it removes the content that no repo has, uploads that were not finished
// within a day, and objects that were not committed within a day. A hub does so
// by itself when it is opened, when a repo is deleted, and every hour.
func (h *Hub) Collect(ctx context.Context) error {
	if h.opts.ReadOnly {
		return store.ErrReadOnly
	}
	h.uploads.expire(h.opts.Now())
	return h.collect(ctx)
}

// collect removes the content that no repo has, and that nothing is made of.
// What was sent and not committed for a day is given up.
func (h *Hub) collect(ctx context.Context) error {
	unlock, err := h.store.LockObjects(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	repos, err := h.store.Repos()
	if err != nil {
		return err
	}
	drafts, err := h.store.Drafts()
	if err != nil {
		return err
	}
	alive := map[string]bool{}
	for _, r := range append(repos, drafts...) {
		committed, err := r.ObjectIDs()
		if err != nil {
			return err
		}
		pending, err := r.PendingIDs(h.opts.Now().Add(-uploadTTL))
		if err != nil {
			return err
		}
		for _, id := range append(committed, pending...) {
			alive[id] = true
		}
	}
	used, err := h.xet.Collect(alive, h.opts.Now())
	if err != nil {
		return err
	}
	var errs []error
	err = h.store.EachObject(func(sha256 string) error {
		if !alive[sha256] && !used[sha256] {
			errs = append(errs, h.store.RemoveObject(sha256))
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

// xetFile finds a large file that can be had through Xet.
func (h *Hub) xetFile(sha256 string) (cas.Known, bool) {
	if h.opts.NoXet {
		return cas.Known{}, false
	}
	return h.xet.BySHA256(sha256)
}

// knows reports whether the user may use an object without sending it: they
// sent it to this repo, or may read a repo with a commit that has it. That
// others have it counts for nothing: it would tell what is in private repos,
// and hand it out.
func (h *Hub) knows(t *Token, r *store.Repo, sha256 string) bool {
	if t != nil && r.HasPending(sha256, t.User) || r.HasObject(sha256) {
		return true
	}
	repos, err := h.store.Repos()
	if err != nil {
		return false
	}
	for _, other := range repos {
		if h.authorize(t, other, toRead) == nil && other.HasObject(sha256) {
			return true
		}
	}
	return false
}
