package localhub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"sync"

	"golang.org/x/sync/semaphore"

	"longcat/hub/localhub/store"
)

// Requests take little memory each, and what takes more is done by a few at a
// time: reading long bodies, cards and shards. A body is first received, to
// disk if it is long, so that slow clients hold up nobody.

const (
	memoryBudget = 96 << 20 // of all such work
	smallBody    = 64 << 10 // up to here a body is kept, and worked upon, in memory
)

// memoryLimit is the budget of a hub.
func memoryLimit() *semaphore.Weighted { return semaphore.NewWeighted(memoryBudget) }

// withMemory does some work when there are bytes of memory for it. What needs
// more than the budget is done alone.
func (h *Hub) withMemory(ctx context.Context, bytes int64, work func() error) error {
	if bytes <= smallBody {
		return work()
	}
	bytes = min(bytes, memoryBudget)
	if err := h.memory.Acquire(ctx, bytes); err != nil {
		return err
	}
	defer h.memory.Release(bytes)
	return work()
}

// reserve is for work that finds out on its way that it needs bytes of memory.
func (h *Hub) reserve(ctx context.Context, bytes int64) func() (release func(), err error) {
	bytes = min(bytes, memoryBudget)
	return func() (func(), error) {
		if err := h.memory.Acquire(ctx, bytes); err != nil {
			return nil, err
		}
		return func() { h.memory.Release(bytes) }, nil
	}
}

// body is what a client sent, read to its end.
type body struct {
	io.Reader
	size int64
	file *os.File // nil: in memory
}

// Close removes the file.
func (b *body) Close() {
	if b.file != nil {
		store.Drop(b.file)
	}
}

var errBodyTooLarge = &apiError{Status: 413, Message: "Request body too large"}

// receive reads a body of at most limit bytes.
func (h *Hub) receive(src io.Reader, limit int64) (*body, error) {
	var head bytes.Buffer
	n, err := head.ReadFrom(io.LimitReader(src, min(limit, smallBody)+1))
	if err != nil {
		return nil, errCutOff(err)
	}
	if n > limit {
		return nil, errBodyTooLarge
	}
	if n <= smallBody {
		return &body{Reader: &head, size: n}, nil
	}
	f, err := h.store.Temp(0o600)
	if err != nil {
		return nil, err
	}
	b := &body{Reader: f, file: f}
	b.size, err = copyAll(f, io.MultiReader(&head, io.LimitReader(src, limit-n+1)))
	if err == nil && b.size > limit {
		err = errBodyTooLarge
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		b.Close()
		return nil, errCutOff(err)
	}
	return b, nil
}

// errCutOff tells a client that went silent from one that broke off.
func errCutOff(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return &apiError{Status: 408, Message: "The request's body came too slowly"}
	}
	return err
}

// How many times its length something takes at worst: a JSON body while it is
// decoded, a line of a commit, which is one long string and its content, and a
// card's metadata.
const (
	jsonCost = 8
	lineCost = 4
	cardCost = 20
)

// readJSON reads a body of at most limit bytes.
func (h *Hub) readJSON(c *call, limit int64, v any) error {
	b, err := h.receive(c.Body, limit)
	if err != nil {
		return err
	}
	defer b.Close()
	return h.withMemory(c.Context(), b.size*jsonCost, func() error {
		if err := json.NewDecoder(b).Decode(v); err != nil {
			return badRequest("Invalid JSON body: %v", err)
		}
		return nil
	})
}

// readForm reads a body that is a form.
func (h *Hub) readForm(c *call, limit int64) (form url.Values, err error) {
	b, err := h.receive(c.Body, limit)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	err = h.withMemory(c.Context(), b.size*jsonCost, func() error {
		data, err := io.ReadAll(b)
		if err != nil {
			return err
		}
		if form, err = url.ParseQuery(string(data)); err != nil {
			return badRequest("Invalid form: %v", err)
		}
		return nil
	})
	return form, err
}

// turns lets each user do one thing at a time, and all together so many.
type turns struct {
	all   *semaphore.Weighted
	users sync.Map // *semaphore.Weighted by user, of whom there are as many as tokens
}

func newTurns(n int64) *turns { return &turns{all: semaphore.NewWeighted(n)} }

func (t *turns) take(ctx context.Context, user string) (release func(), err error) {
	own, _ := t.users.LoadOrStore(user, semaphore.NewWeighted(1))
	mine := own.(*semaphore.Weighted)
	if err := mine.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	if err := t.all.Acquire(ctx, 1); err != nil {
		mine.Release(1)
		return nil, err
	}
	return func() { t.all.Release(1); mine.Release(1) }, nil
}
