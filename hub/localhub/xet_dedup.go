package localhub

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"time"

	"longcat/hub/localhub/cas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// The limits of an answer to a chunk query: chunks, about 4 GB of content in
// 3 MB, and how long clients may build upon it.
const (
	maxDedupChunks = 64 << 10
	dedupTTL       = 24 * time.Hour
)

var errNoChunk = &apiError{Status: http.StatusNotFound, Message: "Chunk not found"}

// queryChunk answers GET /v1/chunks/{prefix}/{hash}: if the chunk stands in a
// file that the caller may read, with that file's xorbs.
func (h *Hub) queryChunk(w http.ResponseWriter, c *call) error {
	hash, err := c.hash("default", "default-merkledb")
	if err != nil {
		return err
	}
	access := h.xetAccess(c)
	for _, known := range h.xet.WithChunk(hash) {
		if !access.mayRead(known.SHA256) {
			continue
		}
		f, err := h.xet.File(known.SHA256)
		if errors.Is(err, fs.ErrNotExist) { // it was removed just now
			continue
		}
		if err != nil {
			return err
		}
		if term, ok := f.FindChunk(hash); ok {
			return h.answerChunk(w, f, term)
		}
	}
	return errNoChunk
}

// answerChunk sends the xorbs of a file, those from the term on first, and as
// many as fit. Chunks' hashes are hidden under a key, so that only who has a
// chunk can find it; those of chunks that the file does not have are made up.
func (h *Hub) answerChunk(w http.ResponseWriter, f *cas.File, term int) error {
	ranges := rangesOf(f)
	var answer shard.Shard
	chunks := 0
	for i := range f.Terms {
		hash := f.Terms[(term+i)%len(f.Terms)].Xorb
		used, ok := ranges[hash]
		if !ok {
			continue // it is in the answer already
		}
		delete(ranges, hash)
		x, err := h.xet.Xorb(hash)
		if err != nil {
			return err
		}
		if chunks += len(x.Index); chunks > maxDedupChunks {
			break
		}
		answer.Xorbs = append(answer.Xorbs, h.describe(x, used))
	}
	now := h.opts.Now()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(http.StatusOK)
	// An error means that the client is gone.
	_ = shard.WriteWithFooter(w, &answer, shard.Footer{
		Key:     h.chunkKey(),
		Created: uint64(now.Unix()), Expires: uint64(now.Add(dedupTTL).Unix()),
	})
	return nil
}

// describe lists a xorb's chunks for an answer.
func (h *Hub) describe(x *cas.Xorb, used []chunkRange) shard.Xorb {
	d := shard.Xorb{Hash: x.Hash, Packed: uint32(x.Index.Packed()), Chunks: make([]shard.Chunk, len(x.Index))}
	for i, e := range x.Index {
		d.Chunks[i] = shard.Chunk{Hash: e.Hash, Size: uint32(e.Leaf.Size)}
		if !covers(used, uint32(i), uint32(i)+1) {
			d.Chunks[i].Hash = h.madeUp(x.Hash, i)
		}
	}
	return d
}

// madeUp is a hash that no chunk has, always the same at the same place.
func (h *Hub) madeUp(xorb merkle.Hash, chunk int) merkle.Hash {
	sum := hmac.New(sha256.New, h.signer.key)
	sum.Write(binary.LittleEndian.AppendUint64(xorb[:], uint64(chunk)))
	return merkle.Hash(sum.Sum(nil))
}

// chunkKey is the key under which chunks' hashes are hidden.
func (h *Hub) chunkKey() merkle.Hash {
	return merkle.Chunk([]byte(h.signer.mac("chunks", url.Values{})))
}
