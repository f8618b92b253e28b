package cache

import (
	"crypto/sha1" // git's blob id is a sha1
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"regexp"
)

var (
	sha256Hex  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	gitBlobHex = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// HashOf gives what starts the hash that an etag of the Hub is of content of this
// size: the sha256 of a large file, git's blob id of a small one. It is nil for
// other etags. Where git itself counts in sha256, as the length of a commit's id
// tells, 64 digits may be either.
func HashOf(etag string, size int64, commit string) func() hash.Hash {
	switch {
	case sha256Hex.MatchString(etag) && len(commit) == 64:
		return func() hash.Hash {
			return &eitherHash{Hash: sha256.New(), blob: blobHash(sha256.New(), size), want: etag}
		}
	case sha256Hex.MatchString(etag):
		return sha256.New
	case gitBlobHex.MatchString(etag):
		return func() hash.Hash { return blobHash(sha1.New(), size) }
	}
	return nil
}

// blobHash begins git's id of a blob.
func blobHash(h hash.Hash, size int64) hash.Hash {
	fmt.Fprintf(h, "blob %d\x00", size)
	return h
}

// eitherHash sums content as a blob too, and tells the sum that is wanted if
// either is.
type eitherHash struct {
	hash.Hash
	blob hash.Hash
	want string
}

func (h *eitherHash) Write(p []byte) (int, error) {
	_, _ = h.blob.Write(p) // a hash never fails
	return h.Hash.Write(p)
}

func (h *eitherHash) Sum(b []byte) []byte {
	if sum := h.blob.Sum(nil); hex.EncodeToString(sum) == h.want {
		return append(b, sum...)
	}
	return h.Hash.Sum(b)
}
