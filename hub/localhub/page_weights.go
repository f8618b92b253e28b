package localhub

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"longcat/hub/localhub/web"
)

// shownTensors is how many tensors a page lists.
const shownTensors = 20_000

// tensorHeader is a tensor as a safetensors header declares it.
type tensorHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// showTensors puts the tensors of a safetensors file onto its page: those whose
// name holds filter, grouped by layer. A header that can not be read leaves the
// page as it is.
func (h *Hub) showTensors(ctx context.Context, content io.Reader, filter string, page *web.Blob) error {
	var length [8]byte
	if _, err := io.ReadFull(content, length[:]); err != nil {
		return nil
	}
	size := binary.LittleEndian.Uint64(length[:])
	if size > maxHeaders {
		page.Reason = "Its header is too long to be shown here."
		return nil
	}
	return h.withMemory(ctx, int64(size)*tensorCost, func() error {
		header := make([]byte, size)
		if _, err := io.ReadFull(content, header); err != nil {
			return nil
		}
		var tensors map[string]tensorHeader
		if json.Unmarshal(header, &tensors) != nil {
			return nil
		}
		page.Filter = filter
		page.Groups, page.Tensors = groupTensors(tensors, filter)
		return nil
	})
}

// groupTensors lists tensors in the order in which they lie in the file, those of
// a layer together, and counts all.
func groupTensors(tensors map[string]tensorHeader, filter string) (groups []web.TensorGroup, count int) {
	var names []string
	for name, t := range tensors {
		if t.DType == "" { // "__metadata__"
			continue
		}
		if count++; strings.Contains(name, filter) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(tensors[a].Offsets[0], tensors[b].Offsets[0]), strings.Compare(a, b))
	})
	at := map[string]int{}
	for _, name := range names[:min(len(names), shownTensors)] {
		layer := layerOf(name)
		i, ok := at[layer]
		if !ok {
			i = len(groups)
			at[layer] = i
			groups = append(groups, web.TensorGroup{Name: layer})
		}
		t := tensors[name]
		one := web.Tensor{Name: name, DType: t.DType, Shape: t.Shape, Size: max(t.Offsets[1]-t.Offsets[0], 0)}
		groups[i].Tensors = append(groups[i].Tensors, one)
		groups[i].Size += one.Size
	}
	return groups, count
}

// layerOf is a tensor's name up to its first number, which is the layer: "" for
// one that belongs to none.
func layerOf(name string) string {
	parts := strings.Split(name, ".")
	for i, part := range parts {
		if part != "" && strings.Trim(part, "0123456789") == "" {
			return strings.Join(parts[:i+1], ".")
		}
	}
	return ""
}
