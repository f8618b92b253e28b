package localhub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"longcat/hub/localhub/store"
)

// Open takes dir into use: a hub's, or one that is empty or not there yet. It
// fails with a [*store.NotHubError], and touches nothing, if dir holds anything
// else, and it fails if another process serves it. What was left half-done by a
// hub is removed.
func Open(dir string, opts Options) (*Hub, error) {
	opts.AddressTTL = cmp.Or(opts.AddressTTL, time.Hour)
	opts.BodyGrace = cmp.Or(opts.BodyGrace, 30*time.Second)
	opts.PageSize = cmp.Or(opts.PageSize, 1000)
	opts.LFSThreshold = cmp.Or(opts.LFSThreshold, 10<<20)
	opts.Multipart = cmp.Or(opts.Multipart, 64<<20)
	opts.PartSize = cmp.Or(opts.PartSize, 16<<20)
	opts.CDN = strings.TrimRight(opts.CDN, "/")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	prefix, err := publicPrefix(opts.PublicURL)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		prefix:    prefix,
		opts:      opts,
		limits:    limiter{quota: opts.RateQuota},
		started:   opts.Now().UnixNano(),
		memory:    memoryLimit(),
		verifying: newTurns(4),
		hosts:     newHosts(&opts),
	}
	h.rendered.max, h.cards.max, h.counted.max, h.described.max = 16<<20, 16<<20, 4<<20, 4<<20
	if err := h.load(dir); err != nil {
		return nil, fmt.Errorf("opening hub directory %q: %w", dir, err)
	}
	return h, nil
}

// load opens what the directory holds. If it fails, nothing stays open.
func (h *Hub) load(dir string) (err error) {
	open := store.Open
	if h.opts.ReadOnly {
		open = store.OpenReadOnly
	}
	if h.store, err = open(dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.store.Close())
		}
	}()
	lock := io.Closer(io.NopCloser(nil))
	if !h.opts.ReadOnly { // any number may read
		if lock, err = h.store.LockAlone("lock"); err != nil {
			return err
		}
	}
	h.lock = lock
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := h.openXet(); err != nil {
		return err
	}
	key, err := signingKey(h.store, h.opts.ReadOnly)
	if err != nil {
		return err
	}
	h.signer = signer{key: key, now: h.opts.Now}
	if err := h.SetTokens(h.opts.Tokens); err != nil {
		return err
	}
	if h.opts.ReadOnly {
		h.startReading()
		return nil
	}
	if err := h.collect(context.Background()); err != nil {
		return err
	}
	if err := h.startXet(); err != nil {
		return err
	}
	if h.opts.Upstream != nil {
		h.above = h.opts.Upstream(h.store)
	}
	go func() {
		ctx, cancel := h.conversion.context()
		defer cancel()
		h.collectByItself(ctx)
	}()
	return nil
}

// Close lets go of the directory. Uploads that are under way are lost; requests
// that are being served fail.
func (h *Hub) Close() error {
	h.stopXet()
	h.uploads.dropAll()
	var err error
	if h.above != nil {
		err = h.above.Close()
	}
	return errors.Join(err, h.store.Close(), h.lock.Close())
}
