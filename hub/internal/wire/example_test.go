package wire_test

import (
	"fmt"
	"strings"

	"longcat/hub/internal/wire"
)

func ExampleBlobID() {
	id, _ := wire.BlobID(strings.NewReader("hello\n"), 6)
	fmt.Println(id)
	// Output: ce013625030ba8dba906f756967f9e9ca394464a
}
