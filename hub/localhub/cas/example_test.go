package cas_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"longcat/hub/localhub/cas"
)

// A plain file becomes one that consists of chunks, without being copied.
func Example() {
	dir, err := os.MkdirTemp("", "cas")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	object := filepath.Join(dir, "object")
	os.WriteFile(object, []byte("weights, say"), 0o644)

	store, err := cas.Open(cas.Options{
		Dir:       filepath.Join(dir, "xet"),
		Object:    func(string) (*os.File, error) { return os.Open(object) },
		EmptyTemp: os.RemoveAll,
		Publish: func(f *os.File, final string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(final), 0o755), f.Sync(), f.Close(), os.Rename(f.Name(), final))
		},
	})
	if err != nil {
		panic(err)
	}
	sha256 := "17d44182fc261743d812c68d410c75fbfffd30ac3a6c3f9825df3221542289f4" // of the object
	file, err := store.Convert(context.Background(), sha256)
	if err != nil {
		panic(err)
	}
	if _, err := store.Add(file); err != nil {
		panic(err)
	}
	content, err := io.ReadAll(store.Open(file))
	fmt.Printf("%s: %v in %d xorb, %v\n", content, file.Hash, len(file.Terms), err)
	// Output: weights, say: b4630d6ba5045fec4a9efbe5aba8e3dd66d7b4db56dc59b5113ea09399975287 in 1 xorb, <nil>
}
