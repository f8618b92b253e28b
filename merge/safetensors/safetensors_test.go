package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"longcat/merge/safetensors"

	"github.com/google/go-cmp/cmp"
)

// file is a header's text with its length before it and data bytes after it.
func file(header string, data int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	return append(b, make([]byte, data)...)
}

func read(data []byte) (*safetensors.Header, error) {
	return safetensors.Read(bytes.NewReader(data), int64(len(data)))
}

func TestRead(t *testing.T) {
	header := `{"__metadata__":{"format":"pt"},` +
		`"b":{"dtype":"F32","shape":[2,3],"data_offsets":[4,28]},` +
		`"a\u0022":{"data_offsets":[0,4],"shape":[2],"dtype":"BF16"},` +
		`"empty":{"dtype":"F64","shape":[0,7],"data_offsets":[4,4]},` +
		`"scalar":{"dtype":"BOOL","shape":[],"data_offsets":[28,29]},` +
		`"packed":{"dtype":"F4","shape":[3,2],"data_offsets":[29,32]}}   `
	got, err := read(file(header, 32))
	if err != nil {
		t.Fatal(err)
	}
	want := &safetensors.Header{
		Metadata: map[string]string{"format": "pt"},
		Data:     int64(8 + len(header)),
		Tensors: []safetensors.Tensor{
			{Name: `a"`, DType: "BF16", Shape: []int64{2}, Begin: 0, End: 4},
			{Name: "empty", DType: "F64", Shape: []int64{0, 7}, Begin: 4, End: 4},
			{Name: "b", DType: "F32", Shape: []int64{2, 3}, Begin: 4, End: 28},
			{Name: "scalar", DType: "BOOL", Shape: []int64{}, Begin: 28, End: 29},
			{Name: "packed", DType: "F4", Shape: []int64{3, 2}, Begin: 29, End: 32},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestReadLong reads a header that is longer than the first request.
func TestReadLong(t *testing.T) {
	var tensors []safetensors.Tensor
	for i := range 5000 {
		tensors = append(tensors, safetensors.Tensor{Name: fmt.Sprintf("model.layers.%d.weight", i), DType: safetensors.U8, Shape: []int64{1}})
	}
	head, err := safetensors.Encode(nil, tensors, safetensors.Padding{})
	if err != nil {
		t.Fatal(err)
	}
	counter := &countingReader{r: bytes.NewReader(append(head, make([]byte, 5000)...))}
	h, err := safetensors.Read(counter, int64(len(head)+5000))
	if err != nil {
		t.Fatal(err)
	}
	if len(h.Tensors) != 5000 || counter.calls != 2 {
		t.Errorf("%d tensors in %d reads, want 5000 in 2", len(h.Tensors), counter.calls)
	}
}

type countingReader struct {
	r     io.ReaderAt
	calls int
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.calls++
	return c.r.ReadAt(p, off)
}

// TestHostile lists files that must be refused with a reason, and what the
// reason must say.
func TestHostile(t *testing.T) {
	tensor := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	length := func(n uint64) []byte { return append(binary.LittleEndian.AppendUint64(nil, n), "{}"...) }
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty file":            {nil, "too short"},
		"half a length":         {[]byte{1, 2, 3}, "too short"},
		"length 2^63":           {length(1 << 63), "over the limit"},
		"length max":            {length(math.MaxUint64), "over the limit"},
		"length over 100 MB":    {length(100_000_001), "over the limit"},
		"length past the end":   {length(3), "does not fit"},
		"no header":             {file("", 0), "does not start"},
		"leading space":         {file(" {}", 0), "does not start"},
		"not an object":         {file("[]", 0), "does not start"},
		"broken JSON":           {file(`{"x":`, 0), "broken JSON"},
		"junk after the header": {file(`{}x`, 0), "follows"},
		"second object":         {file(`{}{}`, 0), "follows"},
		"zero bytes after it":   {file("{}\x00", 0), "follows"},
		"not UTF-8":             {file("{\"\xff\":1}", 0), "UTF-8"},
		"half a surrogate":      {file(`{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "no character"},
		"tensor is no object":   {file(`{"x":1}`, 0), "want"},
		"metadata is a number":  {file(`{"__metadata__":{"a":1}}`, 0), "string"},
		"metadata nests":        {file(`{"__metadata__":{"a":{}}}`, 0), "string"},
		"metadata key twice":    {file(`{"__metadata__":{"a":"1","a":"2"}}`, 0), "twice"},
		"metadata twice":        {file(`{"__metadata__":{},"__metadata__":{}}`, 0), "twice"},
		"unknown dtype":         {file(tensor("F7", "[1]", "[0,1]"), 1), "unknown dtype"},
		"unknown field":         {file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"y":1}}`, 1), "unknown field"},
		"field twice":           {file(`{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "twice"},
		"field missing":         {file(`{"x":{"dtype":"U8","shape":[1]}}`, 1), "needs"},
		"negative dimension":    {file(tensor("U8", "[-1]", "[0,1]"), 1), "whole number"},
		"negative zero":         {file(tensor("U8", "[-0]", "[0,0]"), 0), "whole number"},
		"fraction":              {file(tensor("U8", "[1.0]", "[0,1]"), 1), "whole number"},
		"exponent":              {file(tensor("U8", "[1e0]", "[0,1]"), 1), "whole number"},
		"dimension over 2^63":   {file(tensor("U8", "[9223372036854775808]", "[0,1]"), 1), "whole number"},
		"shape overflows":       {file(tensor("U8", "[4294967296,4294967296]", "[0,0]"), 0), "too large"},
		"overflow in bits":      {file(tensor("F64", "[288230376151711744]", "[0,0]"), 0), "too large"},
		"65 dimensions":         {file(tensor("U8", "[1"+strings.Repeat(",1", 64)+"]", "[0,1]"), 1), "more than 64"},
		"half a byte":           {file(tensor("F4", "[3]", "[0,2]"), 2), "whole number of bytes"},
		"one offset":            {file(tensor("U8", "[1]", "[0]"), 1), "two numbers"},
		"three offsets":         {file(tensor("U8", "[1]", "[0,1,2]"), 1), "more than 2"},
		"offsets run backwards": {file(tensor("U8", "[1]", "[1,0]"), 1), "backwards"},
		"size is not shape's":   {file(tensor("F32", "[2]", "[0,4]"), 4), "takes 8"},
		"out of bounds":         {file(tensor("U8", "[4]", "[0,4]"), 3), "ends at byte 4"},
		"far out of bounds":     {file(tensor("U8", "[9223372036854775807]", "[0,9223372036854775807]"), 3), "too large"},
		"hole at the start":     {file(tensor("U8", "[1]", "[1,2]"), 2), "hole"},
		"hole at the end":       {file(tensor("U8", "[1]", "[0,1]"), 2), "belong to no tensor"},
		"overlap": {
			file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3),
			"inside the tensor before",
		},
		"same bytes twice": {
			file(`{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2),
			"inside the tensor before",
		},
		"name twice": {file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "twice"},
		"name twice in disguise": {
			file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0078":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2),
			"twice",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(c.data)
			var bad *safetensors.Error
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *safetensors.Error", err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

// TestGreedy refuses headers that would take much memory.
func TestGreedy(t *testing.T) {
	var b strings.Builder
	b.WriteByte('{')
	for i := range 1<<18 + 1 {
		fmt.Fprintf(&b, `"%d":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},`, i)
	}
	var m strings.Builder
	m.WriteString(`{"__metadata__":{`)
	for i := range 1<<16 + 1 {
		fmt.Fprintf(&m, `"%d":"",`, i)
	}
	long := strings.Repeat("1", 1<<20+1)
	for header, want := range map[string]string{
		b.String():                       "more than 262144 tensors",
		m.String():                       "more than 65536 entries",
		`{"` + long:                      "longer than",
		`{"\"` + long:                    "longer than",
		`{"x":{"shape":[` + long + `]}}`: "longer than",
	} {
		if _, err := read(file(header, 0)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestReadError wraps what the reader says.
func TestReadError(t *testing.T) {
	broken := errors.New("connection lost")
	_, err := safetensors.Read(failing{broken}, 1000)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err = safetensors.Read(bytes.NewReader(make([]byte, 10)), 1000); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file shorter than it says: %v", err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestPadding(t *testing.T) {
	for _, c := range []struct {
		pad  safetensors.Padding
		want int64 // offset of the data modulo the block
	}{
		{safetensors.Padding{}, 0},
		{safetensors.Padding{Block: 4096, Rest: 0}, 0},
		{safetensors.Padding{Block: 4096, Rest: 8}, 8},
		{safetensors.Padding{Block: 4096, Rest: 4088}, 4088},
	} {
		for n := range 20 {
			tensors := []safetensors.Tensor{{Name: strings.Repeat("x", n), DType: safetensors.U8, Shape: []int64{3}}}
			head, err := safetensors.Encode(map[string]string{"format": "pt"}, tensors, c.pad)
			if err != nil {
				t.Fatal(err)
			}
			block := max(c.pad.Block, 8)
			if got := int64(len(head)) % block; got != c.want {
				t.Errorf("%+v: data starts at %d modulo %d, want %d", c.pad, got, block, c.want)
			}
			if _, err := read(append(head, 1, 2, 3)); err != nil {
				t.Error(err)
			}
		}
	}
	head, err := safetensors.Encode(nil, nil, safetensors.Padding{Block: 4096, Rest: 3})
	if err != nil || len(head)%8 != 0 {
		t.Errorf("an odd rest must leave a multiple of 8, got %d (%v)", len(head), err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for name, tensors := range map[string][]safetensors.Tensor{
		"unknown dtype": {{Name: "x", DType: "F7", Shape: []int64{1}}},
		"negative":      {{Name: "x", DType: safetensors.U8, Shape: []int64{-1}}},
		"twice":         {{Name: "x", DType: safetensors.U8}, {Name: "x", DType: safetensors.U8}},
		"reserved name": {{Name: "__metadata__", DType: safetensors.U8}},
		"sum overflows": {
			{Name: "x", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "y", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z1", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z2", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z3", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z4", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z5", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z6", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
			{Name: "z7", DType: safetensors.U8, Shape: []int64{math.MaxInt64 / 8}},
		},
	} {
		var bad *safetensors.Error
		if _, err := safetensors.Encode(nil, tensors, safetensors.Padding{}); !errors.As(err, &bad) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
