package safetensors_test

import (
	"bytes"
	"runtime"
	"testing"

	"longcat/merge/safetensors"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// FuzzRead wants no panic, no large allocation, and of every header that is
// accepted that it is the same after it was written and read again.
func FuzzRead(f *testing.F) {
	f.Add(file(`{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 4))
	f.Add(file(`{"x":{"dtype":"F4","shape":[2,4],"data_offsets":[0,4]},"é\n":{"dtype":"C64","shape":[],"data_offsets":[4,12]}}`, 12))
	f.Add(file(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]}}  `, 8))
	f.Add(file(`{}`, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readCounting(t, data)
		if err != nil {
			return
		}
		tensors := append([]safetensors.Tensor(nil), h.Tensors...)
		head, err := safetensors.Encode(h.Metadata, tensors, safetensors.Padding{Block: 4096, Rest: h.Data % 4096})
		if err != nil {
			t.Fatalf("writing what was read: %v", err)
		}
		size := int64(len(head)) + int64(len(data)) - h.Data
		again, err := safetensors.Read(bytes.NewReader(append(head, data[h.Data:]...)), size)
		if err != nil {
			t.Fatalf("reading what was written: %v", err)
		}
		if diff := cmp.Diff(h, again, cmpopts.IgnoreFields(safetensors.Header{}, "Data"), cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}

func readCounting(t *testing.T, data []byte) (*safetensors.Header, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	h, err := safetensors.Read(bytes.NewReader(data), int64(len(data)))
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 100<<20 {
		t.Errorf("allocated %d bytes for %d of input", n, len(data))
	}
	return h, err
}
