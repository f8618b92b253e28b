package localhub

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"path"
	"strings"

	"longcat/hub/localhub/store"
)

// weightFormats are the endings of files that hold weights.
var weightFormats = map[string]bool{
	".safetensors": true, ".gguf": true, ".bin": true, ".pt": true, ".pth": true, ".ckpt": true,
	".onnx": true, ".h5": true, ".msgpack": true, ".tflite": true,
}

// maxHeaders bounds what is read of all safetensors headers of a commit: more
// than the largest models have, little enough to be read for each page.
const maxHeaders = 8 << 20

// parameters counts the values of a model's tensors, as the headers of its
// safetensors files declare them; 0 if there are none to count.
// Source: the safetensors format, whose file begins with the header's length
// (8 bytes, little-endian) and the header, in JSON.
func (h *Hub) parameters(r *store.Repo, at *store.Commit) int64 {
	var sum int64
	left := int64(maxHeaders)
	for _, f := range at.Files() {
		// Other names are the same weights in another layout, or adapters.
		if path.Ext(f.Path) != ".safetensors" || !strings.HasPrefix(f.Path, "model") || strings.Contains(f.Path, "/") {
			continue
		}
		n, read := h.fileParameters(r, f, left)
		if left -= read; n < 0 || sum > math.MaxInt64-n {
			return 0
		}
		sum += n
	}
	return sum
}

// fileParameters counts one file's, reading at most limit bytes of header;
// -1 if it can not.
func (h *Hub) fileParameters(r *store.Repo, f store.File, limit int64) (n, read int64) {
	content, err := h.open(r, f)
	if err != nil {
		return -1, 0
	}
	defer content.Close()
	var length [8]byte
	if _, err := io.ReadFull(content, length[:]); err != nil {
		return -1, 0
	}
	size := binary.LittleEndian.Uint64(length[:])
	if size > uint64(max(limit, 0)) {
		return -1, 0
	}
	header := make([]byte, size)
	if _, err := io.ReadFull(content, header); err != nil {
		return -1, int64(size)
	}
	var tensors map[string]struct {
		Shape []int64 `json:"shape"`
		DType string  `json:"dtype"`
	}
	if json.Unmarshal(header, &tensors) != nil {
		return -1, int64(size)
	}
	for _, t := range tensors {
		if t.DType == "" { // "__metadata__"
			continue
		}
		elements := int64(1)
		for _, d := range t.Shape {
			if d < 0 || d > 0 && elements > math.MaxInt64/d {
				return -1, int64(size)
			}
			elements *= d
		}
		if n > math.MaxInt64-elements {
			return -1, int64(size)
		}
		n += elements
	}
	return n, int64(size)
}
