package merge

import (
	"fmt"
	"slices"
	"strings"

	"longcat/merge/jsontext"
)

// tied reports whether the config shares one matrix between embeddings and head.
func tied(c *checkpoint) bool {
	for _, s := range c.depth.sections {
		if v := s.Obj.Get("tie_word_embeddings"); v != nil && v.Kind == jsontext.Bool {
			return v.IsTrue()
		}
	}
	return false
}

// layerKind is what the tensors of a layer have in common with those of another
// that can take its place: names behind the number, and shapes.
func layerKind(layer []sourceTensor) string {
	var parts []string
	for _, t := range layer {
		if !isBuffer(t.rest) {
			parts = append(parts, fmt.Sprint(t.rest, t.Shape))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// isBuffer reports whether a tensor is computed when a model is loaded, so that it
// may be missing.
func isBuffer(name string) bool {
	return slices.ContainsFunc([]string{"inv_freq", ".masked_bias", ".position_ids", "num_batches_tracked", ".attn.bias", ".attention.bias"}, func(end string) bool { return strings.HasSuffix(name, end) })
}
