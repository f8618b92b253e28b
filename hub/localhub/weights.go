package localhub

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
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

// safetensorsInfo is what the Hub says of a model's safetensors files.
type safetensorsInfo struct {
	Parameters map[string]int64 `json:"parameters"` // by number format
	Total      int64            `json:"total"`
}

// parameters counts the values of a model's tensors, as the headers of its
// safetensors files declare them, once for each commit; nil if there are none
// to count.
// Source: the safetensors format, whose file begins with the header's length
// (8 bytes, little-endian) and the header, in JSON.
func (h *Hub) parameters(ctx context.Context, r *store.Repo, at *store.Commit) (*safetensorsInfo, error) {
	var files []store.File
	for _, f := range at.Files() {
		// Other names are the same weights in another layout, or adapters.
		if path.Ext(f.Path) == ".safetensors" && strings.HasPrefix(f.Path, "model") && !strings.Contains(f.Path, "/") {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	return h.counted.get(ctx, r.UID+" "+at.ID, func() (*safetensorsInfo, int64, error) {
		info := &safetensorsInfo{Parameters: map[string]int64{}}
		left := int64(maxHeaders)
		for _, f := range files {
			read, ok := h.countTensors(context.WithoutCancel(ctx), r, f, left, info)
			if left -= read; !ok {
				return nil, 0, nil
			}
		}
		return info, 1 << 10, nil
	})
}

// tensorCost is how many times its length a safetensors header takes while it
// is read.
const tensorCost = 8

// countTensors adds one file's, reading at most limit bytes of header.
func (h *Hub) countTensors(ctx context.Context, r *store.Repo, f store.File, limit int64, info *safetensorsInfo) (read int64, ok bool) {
	content, err := h.open(r, f)
	if err != nil {
		return 0, false
	}
	defer content.Close()
	var length [8]byte
	if _, err := io.ReadFull(content, length[:]); err != nil {
		return 0, false
	}
	size := binary.LittleEndian.Uint64(length[:])
	if size > uint64(max(limit, 0)) {
		return 0, false
	}
	err = h.withMemory(ctx, int64(size)*tensorCost, func() error {
		header := make([]byte, size)
		if _, err := io.ReadFull(content, header); err != nil {
			return err
		}
		return info.add(header)
	})
	return int64(size), err == nil
}

var errTensors = errors.New("tensors of no size that could be")

// add counts the tensors of a header.
func (i *safetensorsInfo) add(header []byte) error {
	var tensors map[string]struct {
		Shape []int64 `json:"shape"`
		DType string  `json:"dtype"`
	}
	if err := json.Unmarshal(header, &tensors); err != nil {
		return err
	}
	for _, t := range tensors {
		if t.DType == "" { // "__metadata__"
			continue
		}
		elements := int64(1)
		for _, d := range t.Shape {
			if d < 0 || d > 0 && elements > math.MaxInt64/d {
				return errTensors
			}
			elements *= d
		}
		if i.Total > math.MaxInt64-elements {
			return errTensors
		}
		i.Total += elements
		i.Parameters[t.DType] += elements
	}
	return nil
}
