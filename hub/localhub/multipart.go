package localhub

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"strconv"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// What bounds the parts of one upload, and of all in a batch's answer: each
// takes an address.
const (
	maxParts      = 160
	maxBatchParts = 4000
)

// putPart takes one part.
func (h *Hub) putPart(w http.ResponseWriter, c *call) error {
	t, err := h.ticketFrom(c)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(c.URL.Path[strings.LastIndexByte(c.URL.Path, '/')+1:])
	if err != nil || t.partSize <= 0 || number < 1 || int64(number-1)*t.partSize >= t.size {
		return errNoRoute
	}
	start := int64(number-1) * t.partSize
	size := min(t.partSize, t.size-start)
	if c.ContentLength >= 0 && c.ContentLength != size {
		return badRequest("The body has %d bytes, part %d has %d", c.ContentLength, number, size)
	}
	u, err := h.uploads.find(h.store, t, h.opts.Now())
	if err != nil {
		return err
	}
	etag, err := u.receive(number-1, start, size, c.Body)
	if err != nil {
		return err
	}
	go u.advance(t) // while the next part is under way; a failure shows in the sum at the end
	w.Header().Set("ETag", etag)
	w.WriteHeader(http.StatusOK)
	return nil
}

// receive writes a part in place and returns its ETag. A part that is complete
// does not change any more, because its bytes may have been hashed: what is
// sent again must be the same. Of two that send one part at once, the later
// one wins.
func (u *upload) receive(i int, start, size int64, body io.Reader) (string, error) {
	place := &partWriter{upload: u, part: i, at: start}
	u.mu.Lock()
	if u.parts[i].etag == "" {
		u.parts[i].writer = place
	}
	u.mu.Unlock()
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	if err := spool(io.MultiWriter(sum, place), body, size); err != nil {
		return "", err
	}
	if err := u.file.Sync(); err != nil { // here, so that the last step is short
		return "", err
	}
	etag := fmt.Sprintf(`"%08x-%d"`, sum.Sum32(), i+1)
	u.mu.Lock()
	defer u.mu.Unlock()
	p := &u.parts[i]
	if p.writer == place {
		p.writer, p.etag = nil, etag
	}
	if p.etag != etag {
		return "", conflict("Part %d was sent twice, and not the same", i+1)
	}
	return etag, nil
}

// advance hashes the parts that are complete up to the first that is not, so
// that nothing is left to read when the last one comes. The bytes are still in
// the page cache.
func (u *upload) advance(t ticket) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hashing {
		return nil
	}
	u.hashing = true
	defer func() {
		u.hashing = false
		u.changed.Broadcast()
	}()
	for u.frontier < len(u.parts) && u.parts[u.frontier].etag != "" {
		start := int64(u.frontier) * t.partSize
		section := io.NewSectionReader(u.file, start, min(t.partSize, t.size-start))
		u.mu.Unlock()
		_, err := copyAll(u.sum, section)
		u.mu.Lock()
		if err != nil {
			return err
		}
		u.frontier++
	}
	return nil
}

// completeParts answers the POST that ends a multipart upload.
func (h *Hub) completeParts(w http.ResponseWriter, c *call) error {
	t, err := h.ticketFrom(c)
	if err != nil {
		return err
	}
	var req wire.LFSComplete
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	h.uploads.mu.Lock()
	u := h.uploads.live[t.id+" "+t.oid]
	h.uploads.mu.Unlock()
	if u == nil { // perhaps the answer to the first try was lost
		if _, there := h.objectSize(t.oid); !there || !t.repo.HasPending(t.oid, t.user) {
			return &apiError{Status: http.StatusNotFound, Message: "No such upload: start again"}
		}
		writeJSON(w, http.StatusOK, struct{}{})
		return nil
	}
	if err := u.check(req); err != nil {
		return err
	}
	if err := u.settle(t); err != nil {
		return err
	}
	if u = h.uploads.take(t); u == nil { // another request was faster
		return conflict("The upload is being completed")
	}
	if got := hex.EncodeToString(u.sum.Sum(nil)); got != t.oid {
		store.Drop(u.file)
		return badRequest("The content's sha256 is %s, not %s", got, t.oid)
	}
	if err := h.keep(c.Context(), u.file, t); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}

// check compares what the client says it sent with what is there.
func (u *upload) check(req wire.LFSComplete) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(req.Parts) != len(u.parts) {
		return badRequest("The upload has %d parts, not %d", len(u.parts), len(req.Parts))
	}
	seen := make([]bool, len(u.parts))
	for _, p := range req.Parts {
		i := p.PartNumber - 1
		if i < 0 || i >= len(u.parts) || seen[i] {
			return badRequest("Part numbers must be 1 to %d, each once", len(u.parts))
		}
		seen[i] = true
		if u.parts[i].etag == "" || strings.Trim(u.parts[i].etag, `"`) != strings.Trim(p.ETag, `"`) {
			return badRequest("Part %d is missing or has another etag", p.PartNumber)
		}
	}
	return nil
}

// settle waits until all parts, which must be complete, are hashed.
func (u *upload) settle(t ticket) error {
	u.mu.Lock()
	for u.hashing {
		u.changed.Wait()
	}
	u.mu.Unlock()
	return u.advance(t)
}

// partSize is how an object of so many bytes is cut, as one of a batch.
func (h *Hub) partSize(size int64, batch int) (partSize int64, parts int) {
	maxParts := int64(max(min(maxParts, maxBatchParts/batch), 4))
	partSize = h.opts.PartSize
	for (size+partSize-1)/partSize > maxParts {
		partSize *= 2
	}
	return partSize, int((size + partSize - 1) / partSize)
}
