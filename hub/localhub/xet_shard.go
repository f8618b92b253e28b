package localhub

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"

	"longcat/hub/localhub/cas"
	"longcat/hub/localhub/store"
	"longcat/hub/xet"
	"longcat/hub/xet/shard"
)

// shardUnit is how many bytes of files are verified between two lines of
// progress.
const shardUnit = 64 << 20

// postShardV1 answers POST /v1/shards, when all is verified.
func (h *Hub) postShardV1(w http.ResponseWriter, c *call) error {
	f, _, err := h.spoolShard(c)
	if err != nil {
		return err
	}
	defer store.Drop(f)
	if err := h.registerShard(c, f, func(int64) {}); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, xet.ShardResult{Result: 1})
	return nil
}

// postShardV2 answers POST /v2/shards: at once, and then line by line how far
// it is. An error after the first line is a line, too.
func (h *Hub) postShardV2(w http.ResponseWriter, c *call) error {
	f, total, err := h.spoolShard(c)
	if err != nil {
		return err
	}
	defer store.Drop(f)
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-cache")
	w.WriteHeader(http.StatusOK)
	events := &shardEvents{w, http.NewResponseController(w)}
	events.validating(0, total)
	err = h.registerShard(c, f, func(verified int64) { events.validating(verified, total) })
	if err == nil {
		events.send(xet.ShardEvent{Type: xet.EventResult})
		return nil
	}
	e := asAPIError(err)
	events.send(xet.ShardEvent{Type: xet.EventError, Message: e.Message, Retryable: e.Status >= http.StatusInternalServerError})
	return nil
}

// shardEvents are the lines of an answer.
type shardEvents struct {
	w     io.Writer
	flush *http.ResponseController
}

// send writes a line. An error means that the client is gone.
func (e *shardEvents) send(event any) {
	_ = json.NewEncoder(e.w).Encode(event)
	_ = e.flush.Flush()
}

// validating tells progress. It writes zeros, too: clients want them.
func (e *shardEvents) validating(verified, total int64) {
	e.send(struct {
		Type     string `json:"type"`
		Verified int64  `json:"verified"`
		Total    int64  `json:"total"`
	}{xet.EventValidating, verified, total})
}

// spoolShard reads a shard into a temp file and makes sure that it is one. It
// says how many units its files are.
func (h *Hub) spoolShard(c *call) (f *os.File, units int64, err error) {
	if f, err = h.store.Temp(0o600); err != nil {
		return nil, 0, err
	}
	body := http.MaxBytesReader(nil, c.Body, shard.MaxBytes)
	size, err := copyAll(f, body)
	if err == nil {
		err = h.withMemory(c.Context(), size*shardCost, func() error {
			return visitShard(f, func(claim *shard.File) error {
				units += unitsOf(claim.Size())
				return nil
			})
		})
	}
	if err != nil {
		store.Drop(f)
		return nil, 0, err
	}
	return f, units, nil
}

// shardCost is how many times its length a shard takes at worst while it is
// read: when all of it is one file's terms.
const shardCost = 4

func unitsOf(bytes int64) int64 { return (bytes + shardUnit - 1) / shardUnit }

// visitShard hands out the files of a shard one by one. What the shard says of
// xorbs is passed over: those that came were looked at.
func visitShard(f *os.File, visit func(*shard.File) error) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := shard.Visit(f, shard.Visitor{File: func(claim shard.File) error { return visit(&claim) }})
	if malformed, ok := errors.AsType[*shard.FormatError](err); ok {
		return badRequest("%v", malformed)
	}
	return err
}

// registerShard takes the files of a shard, each when it was verified. progress
// is told how many units are done. A short shard can claim much content, all of
// which has to be read: each user has one verified at a time, and all together
// a few.
func (h *Hub) registerShard(c *call, f *os.File, progress func(verified int64)) error {
	release, err := h.verifying.take(c.Context(), c.token.User)
	if err != nil {
		return err
	}
	defer release()
	var done, read int64 // units of the files before, bytes of this one
	check := cas.Check{Store: h.xet, May: h.xetAccess(c).mayUse}
	check.Read = func(n int) {
		before := read / shardUnit
		if read += int64(n); read/shardUnit > before {
			progress(done + read/shardUnit)
		}
	}
	return visitShard(f, func(claim *shard.File) error {
		read = 0
		file, err := check.File(c.Context(), claim)
		if wrong, ok := errors.AsType[*cas.ClaimError](err); ok {
			return badRequest("%v", wrong)
		}
		if err != nil {
			return err
		}
		if err := h.keepFile(c, file); err != nil {
			return err
		}
		done += unitsOf(file.Size)
		progress(done)
		return nil
	})
}

// keepFile keeps a file that was verified, and notes who sent it where. If the
// same content came as a whole before, that stays the one form it is kept in.
func (h *Hub) keepFile(c *call, f *cas.File) error {
	unlock, err := c.repo.Lock(c.Context())
	if err != nil {
		return err
	}
	defer unlock()
	release, err := h.store.KeepObjects(c.Context())
	if err != nil {
		return err
	}
	defer release()
	added := false
	if _, whole := h.store.ObjectSize(f.SHA256); !whole {
		added, err = h.xet.Add(f)
		if errors.Is(err, cas.ErrCollected) {
			return &apiError{Status: http.StatusServiceUnavailable, Message: err.Error()}
		}
		if err != nil {
			return err
		}
	}
	if err := c.repo.MarkPending(f.SHA256, c.token.User); err != nil || !added {
		return err
	}
	return h.xet.Used(f, c.token.User)
}
