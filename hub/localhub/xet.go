package localhub

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"longcat/hub/localhub/cas"
)

// convertAtOnce is the most bytes of an object whose chunks are found before
// its upload is answered. Larger ones would make the client wait.
const convertAtOnce = 32 << 20

// conversion finds the chunks of objects that came as a whole, so that they can
// be had through Xet, and be built upon. It runs as long as there is something
// to do.
type conversion struct {
	stop chan struct{} // closed when the Hub is

	mu   sync.Mutex
	todo []string      // sha256s
	idle chan struct{} // closed when all is done
	err  error         // the first that happened
}

// convert sees to it that an object's chunks are found, now or soon. A failure
// is none of the upload's: Settle tells of it.
func (h *Hub) convert(sha256 string) {
	if _, done := h.xet.BySHA256(sha256); done || h.opts.NoXet {
		return
	}
	if size, _ := h.objectSize(sha256); size <= convertAtOnce {
		h.conversion.find(h, sha256)
		return
	}
	h.convertLater(sha256)
}

// context is one that ends when the Hub is closed.
func (c *conversion) context() (context.Context, context.CancelFunc) {
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

// find finds the chunks of one object.
func (c *conversion) find(h *Hub, sha256 string) {
	ctx, cancel := c.context()
	defer cancel()
	c.note(h.findChunks(ctx, sha256))
}

// end stops the work, once.
func (c *conversion) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped() {
		close(c.stop)
	}
}

func (c *conversion) stopped() bool {
	select {
	case <-c.stop:
		return true
	default:
		return false
	}
}

// note remembers a failure that is not for want of time.
func (c *conversion) note(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && !c.stopped() && c.err == nil {
		c.err = err
	}
}

func (h *Hub) convertLater(sha256s ...string) {
	c := &h.conversion
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(sha256s) == 0 || c.stopped() {
		return
	}
	c.todo = append(c.todo, sha256s...)
	select {
	case <-c.idle:
		c.idle = make(chan struct{})
		go h.convertAll(c.idle)
	default: // it is running
	}
}

// convertAll works until nothing is left to do.
func (h *Hub) convertAll(done chan struct{}) {
	c := &h.conversion
	for {
		c.mu.Lock()
		if len(c.todo) == 0 || c.stopped() {
			close(done)
			c.mu.Unlock()
			return
		}
		next := c.todo[0]
		c.todo = c.todo[1:]
		c.mu.Unlock()
		c.find(h, next)
	}
}

// findChunks converts one object. That it is gone meanwhile is no failure.
func (h *Hub) findChunks(ctx context.Context, sha256 string) error {
	for {
		if _, done := h.xet.BySHA256(sha256); done {
			return nil
		}
		f, err := h.xet.Convert(ctx, sha256)
		if err == nil {
			err = h.addConverted(ctx, f)
		}
		switch {
		case errors.Is(err, cas.ErrCollected):
			continue
		case errors.Is(err, fs.ErrNotExist):
			return nil
		}
		return err
	}
}

func (h *Hub) addConverted(ctx context.Context, f *cas.File) error {
	release, err := h.store.KeepObjects(ctx)
	if err != nil {
		return err
	}
	defer release()
	if _, whole := h.store.ObjectSize(f.SHA256); len(f.Terms) == 0 || !whole {
		return nil
	}
	_, err = h.xet.Add(f)
	return err
}

// startReading leaves objects as they came.
func (h *Hub) startReading() {
	c := &h.conversion
	c.stop = make(chan struct{})
	c.idle = make(chan struct{})
	close(c.idle)
}

// startXet begins to find the chunks of objects that came while nobody did.
func (h *Hub) startXet() error {
	h.startReading()
	return h.convertMissing()
}

// convertEvery is how often a running hub looks for objects that another process
// has added, such as a mirror.
const convertEvery = time.Minute

// convertMissing begins to find the chunks of all objects that have none, unless
// that is under way.
func (h *Hub) convertMissing() error {
	select {
	case <-h.conversion.settled():
	default:
		return nil
	}
	if h.opts.NoXet || h.opts.ReadOnly {
		return nil
	}
	var missing []string
	err := h.store.EachObject(func(sha256 string) error {
		if _, done := h.xet.BySHA256(sha256); !done {
			missing = append(missing, sha256)
		}
		return nil
	})
	h.convertLater(missing...)
	return err
}

// stopXet ends what is under way; it is begun again by the next Open.
func (h *Hub) stopXet() {
	h.conversion.end()
	<-h.conversion.settled()
}

func (c *conversion) settled() chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.idle
}

// Settle waits until all large files that came so far as a whole, by LFS,
// [Hub.Import] or another process, can be had through Xet. Short ones can be at once, longer ones
// after some seconds for each 10 GB. It fails if that could not be done for one
// of them; it is served as a whole then.
func (h *Hub) Settle(ctx context.Context) error {
	if err := h.convertMissing(); err != nil {
		return err
	}
	select {
	case <-h.conversion.settled():
	case <-ctx.Done():
		return ctx.Err()
	}
	h.conversion.mu.Lock()
	defer h.conversion.mu.Unlock()
	return h.conversion.err
}
