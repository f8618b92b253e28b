package cdc_test

import (
	"fmt"
	"io"
	"strings"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

func ExampleHasher() {
	var file merkle.Tree
	h := cdc.NewHasher(func(chunk merkle.Leaf) {
		fmt.Println("chunk of", chunk.Size, "bytes:", chunk.Hash)
		file.Add(chunk)
	})
	io.Copy(h, strings.NewReader("Hello World!"))
	h.Close()
	fmt.Println("file:", file.File())
	// Output:
	// chunk of 12 bytes: d8d408e608fb9ca213b9909a65d86d725f2de4d8d540324be8a363e7a6e228cb
	// file: a9dae0ad88b060bdd7e7c87abdcf95b132c95a0414b06d4f6beb68d287b87165
}
