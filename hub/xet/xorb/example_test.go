package xorb_test

import (
	"bytes"
	"fmt"
	"io"

	"longcat/hub/xet/xorb"
)

func Example() {
	var packed bytes.Buffer
	w := xorb.NewWriter(&packed)
	for _, data := range []string{"one chunk", "another"} {
		if err := w.Add([]byte(data)); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(w.Index().Hash())

	for r := xorb.NewReader(&packed); ; {
		data, err := r.Next()
		if err == io.EOF {
			break
		}
		fmt.Println(string(data), err)
	}
	// Output:
	// 93d47ff40298988d9dfb1545e5283ea27ebf22bafd771607b6c4cf2e6c145caa
	// one chunk <nil>
	// another <nil>
}
