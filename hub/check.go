package hub

import (
	"context"
	"errors"
	"os"
	"sync"

	"longcat/hub/cache"
	"longcat/internal/progress"
)

// Check says how a file that is on disk already is looked at before it counts as
// the one that the hub lists. Its size is always compared: a file of another
// size is fetched.
type Check int

// The checks of a download.
const (
	CheckSize   Check = iota // no more than that
	CheckOnce                // its hash, unless it was found right before and nobody wrote to it since
	CheckAlways              // its hash
)

// fits tells whether a file on disk may be the planned one, as far as its size
// and the hash show that it is kept by.
func fits(s store, local string, p PlannedFile) bool {
	st, err := os.Stat(local)
	if err != nil || !st.Mode().IsRegular() {
		return false
	}
	kept := s.hash(local)
	if p.entry.SHA256 == "" && len(kept) == 64 && len(p.Hash) != 64 {
		return true // some servers list git's pointer to a large file, and not the file
	}
	return (p.Size < 0 || st.Size() == p.Size) && (kept == "" || p.Hash == "" || len(kept) != len(p.Hash) || kept == p.Hash)
}

// checkLocal compares a file on disk with the hash that it is kept by, or with
// the one that the hub lists. A file of which neither is known is right. Bytes
// that are hashed count for to.
func (c *Client) checkLocal(ctx context.Context, s store, commit string, p PlannedFile, how Check, to Progress) error {
	if how == CheckSize {
		return nil
	}
	st, err := os.Stat(p.Local)
	if err != nil {
		return err
	}
	var may []cache.Content
	for _, etag := range []string{s.hash(p.Local), p.Hash} {
		f := &File{Commit: commit, Etag: etag, Size: st.Size()}
		if hash := f.newHash(); hash != nil && (len(may) == 0 || may[0].Etag != etag) {
			may = append(may, cache.Content{Etag: etag, Size: f.Size, NewHash: hash})
		}
	}
	var meter progress.Meter
	start := sync.OnceFunc(func() { meter = progress.Start(to, "hashing", p.Path, st.Size()) })
	err = c.verifiedIn(s).Check(ctx, p.Local, may, how == CheckAlways, func(n int64) {
		start()
		meter.Add(n)
	})
	if meter != nil {
		meter.Done()
	}
	return err
}

// Check compares those files of the plan that are on disk and that pick names
// with their hashes, as o.Check says.
func (p *DownloadPlan) Check(ctx context.Context, o FetchOptions, pick func(path string) bool) error {
	for _, f := range p.Files {
		if f.Local == "" || !pick(f.Path) {
			continue
		}
		if err := p.client.checkLocal(ctx, p.store, p.Commit, f, o.Check, o.Progress); err != nil {
			return err
		}
	}
	return nil
}

// Verified is what is remembered of the cache's files.
func (c *Client) Verified() *cache.Verified { return c.verified }

// verifiedIn is what is remembered of a store's files: nothing of a directory.
func (c *Client) verifiedIn(s store) *cache.Verified {
	if _, ok := s.(cacheStore); ok {
		return c.verified
	}
	return cache.NewVerified("")
}

// isCorrupt tells that a file on disk is not what it should be.
func isCorrupt(err error) bool { return errors.As(err, new(*cache.CorruptError)) }
