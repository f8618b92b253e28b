package merge

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// torchDTypes are the names under which testdata/conversions.json lists dtypes.
var torchDTypes = map[string]safetensors.DType{
	"bf16": safetensors.BF16, "f16": safetensors.F16, "f32": safetensors.F32, "f64": safetensors.F64,
	"e4m3": safetensors.F8E4M3, "e5m2": safetensors.F8E5M2,
}

// TestTorch holds every conversion and multiplication against torch: for all
// values of the narrow types, and for float32 and float64 around every place
// where rounding changes. testdata/conversions.py made the expected hashes.
func TestTorch(t *testing.T) {
	data, err := os.ReadFile("testdata/conversions.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	if len(want) < 40 {
		t.Fatalf("only %d cases", len(want))
	}
	for name, sum := range want {
		var from, work, out string
		var scale float64
		if _, err := fmt.Sscanf(strings.NewReplacer(">", " ", "*", " ").Replace(name), "%s %s %g %s", &from, &work, &scale, &out); err != nil {
			t.Fatalf("case %q: %v", name, err)
		}
		op := operation{torchDTypes[from], torchDTypes[work], torchDTypes[out], scale}
		src := allValues(op.From)
		dst := make([]byte, int64(len(src))/(op.From.Bits()/8)*(op.Out.Bits()/8))
		op.apply(dst, src, make([]float32, int64(len(src))/(op.From.Bits()/8)))
		quietNaNs(op.Out, dst)
		if got := sha256.Sum256(dst); hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: differs from torch", name)
		}
	}
}

// allValues lists every value of a narrow type; of float32 and float64 every
// third upper half with lower halves at and beside the ties of narrower types.
func allValues(d safetensors.DType) []byte {
	var b []byte
	ties := []uint32{0, 1, 0x7fff, 0x8000, 0x8001, 0xffff, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001}
	switch d.Bits() {
	case 8:
		for i := range 1 << 8 {
			b = append(b, byte(i))
		}
	case 16:
		for i := range 1 << 16 {
			b = binary.LittleEndian.AppendUint16(b, uint16(i))
		}
	case 32:
		for _, low := range ties {
			for i := uint32(0); i < 1<<16; i += 3 {
				b = binary.LittleEndian.AppendUint32(b, i<<16|low)
			}
		}
	case 64:
		for _, low := range ties {
			for i := uint64(0); i < 1<<16; i += 3 {
				b = binary.LittleEndian.AppendUint64(b, i<<48|uint64(low)<<29|1)
			}
		}
	}
	return b
}

// quietNaNs makes all NaNs one, because torch gives them other bits on other
// processors.
func quietNaNs(d safetensors.DType, b []byte) {
	width := int(d.Bits() / 8)
	for i := 0; i < len(b); i += width {
		v := []float64{0}
		number.Load(d, v, b[i:])
		if v[0] == v[0] {
			continue
		}
		for j := range width {
			b[i+j] = 0xff
		}
	}
}

// TestComputedReadAt reads converted tensors from every offset, also inside
// elements.
func TestComputedReadAt(t *testing.T) {
	src := allValues(safetensors.F32)[:4*3000]
	for _, out := range []safetensors.DType{safetensors.BF16, safetensors.F64, safetensors.F32} {
		c := computed{bytes.NewReader(src), operation{safetensors.F32, safetensors.F32, out, 0.5}}
		want := make([]byte, 3000*out.Bits()/8)
		c.op.apply(want, src, make([]float32, 3000))
		for off := range int64(40) {
			for _, n := range []int64{0, 1, 2, 7, 16, int64(len(want)) - off} {
				got := make([]byte, n)
				if k, err := c.ReadAt(got, off); err != nil || int64(k) != n || !bytes.Equal(got, want[off:off+n]) {
					t.Fatalf("%s: %d bytes at %d: %d, %v", out, n, off, k, err)
				}
			}
		}
	}
}
