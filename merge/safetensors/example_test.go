package safetensors_test

import (
	"bytes"
	"fmt"

	"longcat/merge/safetensors"
)

func Example() {
	tensors := []safetensors.Tensor{
		{Name: "embed.weight", DType: safetensors.BF16, Shape: []int64{4, 2}},
		{Name: "norm.weight", DType: safetensors.F32, Shape: []int64{2}},
	}
	head, err := safetensors.Encode(map[string]string{"format": "pt"}, tensors, safetensors.Padding{})
	if err != nil {
		fmt.Println(err)
		return
	}
	file := append(head, make([]byte, 16+8)...) // the weights follow
	h, err := safetensors.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range h.Tensors {
		fmt.Println(t.Name, t.DType, t.Shape, t.Begin, t.End)
	}
	// Output:
	// embed.weight BF16 [4 2] 0 16
	// norm.weight F32 [2] 16 24
}
