package merkle_test

import (
	"fmt"

	"longcat/hub/xet/merkle"
)

func ExampleTree() {
	var tree merkle.Tree
	for _, data := range []string{"one chunk", "and another"} {
		tree.Add(merkle.Leaf{Hash: merkle.Chunk([]byte(data)), Size: uint64(len(data))})
	}
	fmt.Println("file", tree.File())
	// Output: file e61c4169a0881e6aee6035e095f8a610068a2195b298221908c19327ed6f7d6e
}
