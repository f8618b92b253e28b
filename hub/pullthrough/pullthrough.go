// Package pullthrough makes a hub's directory a pull-through cache of another
// hub, the upstream: a repo, a revision or a file that the directory lacks is
// fetched when somebody asks for it, once for all who ask, and stays.
//
// What is there is answered from the directory, also while the upstream is
// away. Commits keep their ids and refs their names. Repos that the directory
// has of its own are left alone, and never looked for upstream.
//
// A [Cache] is what localhub.Options.Upstream wants:
//
//	localhub.Open(dir, localhub.Options{Upstream: func(s *store.Store) localhub.Upstream {
//		return pullthrough.New(client, s, pullthrough.Options{})
//	}})
package pullthrough

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

// Options say how a [Cache] behaves. The zero value is what most want.
type Options struct {
	Fresh    time.Duration     // how long a branch, a tag or the absence of a repo is believed; a minute when 0
	Patience time.Duration     // longest wait for the upstream's word on a repo; 15 s when 0
	Reserve  int64             // bytes that stay free on the disk; 1 GiB when 0
	Notify   func(text string) // called with a line for each fetch and each failure; may be nil
}

// Cache fetches from an upstream into a store. Make it with New; its methods
// may be called concurrently.
type Cache struct {
	upstream *hub.Client
	source   *mirror.Hub // the same
	store    *store.Store
	opts     Options
	stop     chan struct{} // closed by Close

	asking singleflight.Group // by repo and revision, and by blob
	saving sync.Mutex         // of what was answered

	mu      sync.Mutex
	asked   map[string]answer   // what the upstream said, by repo and revision
	away    time.Time           // until then it is not asked again, having not answered
	filling map[string]*filling // large files on their way, by sha256
}

// answer is what the upstream said of a revision.
type answer struct {
	there bool
	at    time.Time
}

// maxAnswers bounds the memory that asking for what is not there takes.
const maxAnswers = 10_000

// New makes a cache of what the client's hub has. The client's cache directory,
// if it has one, is read as well.
func New(upstream *hub.Client, s *store.Store, opts Options) *Cache {
	opts.Fresh = cmp.Or(opts.Fresh, time.Minute)
	opts.Patience = cmp.Or(opts.Patience, 15*time.Second)
	opts.Reserve = cmp.Or(opts.Reserve, 1<<30)
	if opts.Notify == nil {
		opts.Notify = func(string) {}
	}
	return &Cache{
		upstream: upstream, source: mirror.FromHub(upstream), store: s, opts: opts, stop: make(chan struct{}),
		asked: map[string]answer{}, filling: map[string]*filling{},
	}
}

// Close stops what is being fetched.
func (c *Cache) Close() error {
	close(c.stop)
	c.mu.Lock()
	files := c.filling
	c.filling = nil
	c.mu.Unlock()
	for _, f := range files {
		f.drop(errClosed)
	}
	return nil
}

var errClosed = errors.New("the cache was closed")

// background is the context of work that others than its first asker wait for:
// it ends with the cache.
func (c *Cache) background() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		select {
		case <-c.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// once does the work for all who ask for it at a time. Who waits may give up;
// the work goes on for the others.
func (c *Cache) once(ctx context.Context, key string, work func(context.Context) error) error {
	done := c.asking.DoChan(key, func() (any, error) {
		ctx, cancel := c.background()
		defer cancel()
		return nil, work(ctx)
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
