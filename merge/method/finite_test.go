package method_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"testing"

	"longcat/merge/method"
	"longcat/merge/safetensors"
)

func floats(v ...float32) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, v)
	if err != nil {
		panic(err)
	}
	return b
}

// TestNotFinite wants a NaN and an infinity reported with their place, and a sum
// that grows too large left to what mergekit does.
func TestNotFinite(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name string
		a, b []float32
		want method.NotFiniteError
	}{
		{"NaN", []float32{1, 2, 3}, []float32{1, nan, 3}, method.NotFiniteError{Tensor: "w", Input: 1, Element: 1}},
		{"infinity", []float32{1, 2, inf}, []float32{1, 2, 3}, method.NotFiniteError{Tensor: "w", Input: 0, Element: 2}},
		{"too large", []float32{math.MaxFloat32, 1, 1}, []float32{math.MaxFloat32, 1, 1}, method.NotFiniteError{}},
	} {
		x, err := method.New("linear", method.Group{
			Name: "w", Shape: []int64{3}, Base: -1, DType: safetensors.F32, Out: safetensors.F32, Params: method.Params{"normalize": 0},
			Inputs: []method.Input{
				{Bytes: bytes.NewReader(floats(c.a...)), DType: safetensors.F32, Params: method.Params{"weight": 2}},
				{Bytes: bytes.NewReader(floats(c.b...)), DType: safetensors.F32, Params: method.Params{"weight": 2}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.ReadAt(make([]byte, 12), 0)
		e, told := errors.AsType[*method.NotFiniteError](err)
		if told != (c.want.Tensor != "") || told && (e.Tensor != c.want.Tensor || e.Input != c.want.Input || e.Element != c.want.Element) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
