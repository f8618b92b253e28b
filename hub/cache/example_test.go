package cache_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"longcat/hub/cache"
)

// Bytes arrive in any order; the file appears when all are there and the hash
// is right.
func ExamplePart() {
	dir, _ := os.MkdirTemp("", "")
	defer os.RemoveAll(dir)

	text := []byte("bytes that arrive")
	part, _ := cache.OpenPart(filepath.Join(dir, "blob"), cache.Content{
		Etag:    fmt.Sprintf("%x", sha256.Sum256(text)),
		Size:    int64(len(text)),
		NewHash: sha256.New,
	})
	part.WriteAt(text[6:], 6)
	fmt.Println("missing:", part.Missing())
	part.WriteAt(text[:6], 0)
	fmt.Println(part.Finish(filepath.Join(dir, "blob")))
	// Output:
	// missing: [{0 6}]
	// <nil>
}
