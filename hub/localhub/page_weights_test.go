package localhub_test

import (
	"encoding/binary"
	"strings"
	"testing"
)

// TestWeightsPage shows what a header declares, a layer at a time, and those that
// are asked for.
func TestWeightsPage(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	const declared = `{"__metadata__":{"format":"pt"},"model.embed_tokens.weight":{"dtype":"BF16","shape":[16,8],"data_offsets":[0,256]},` +
		`"model.layers.0.mlp.up_proj.weight":{"dtype":"F32","shape":[4,8],"data_offsets":[256,384]},` +
		`"model.layers.1.<script>":{"dtype":"F32","shape":[],"data_offsets":[384,388]}}`
	content := string(binary.LittleEndian.AppendUint64(nil, uint64(len(declared)))) + declared + strings.Repeat("\x00", 388)
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("model.safetensors", content), fileLine("bad.safetensors", "\xff\xff\xff\xff\xff\xff\xff\x7f{}"), fileLine("short.safetensors", "{}")), 200)
	page := w.page("", "/ann/model/blob/main/model.safetensors")
	w.shows(page, "3 in all", "<code>model.layers.0</code>", "model.embed_tokens.weight", "16 × 8", "BF16", "&lt;script&gt;")
	filtered := w.page("", "/ann/model/blob/main/model.safetensors?q=up_proj")
	w.shows(filtered, "model.layers.0.mlp.up_proj.weight", `value="up_proj"`)
	if strings.Contains(string(filtered.body), "embed_tokens") {
		t.Error("the filter lets others through")
	}
	w.shows(w.page("", "/ann/model/blob/main/model.safetensors?q=nothing"), "No tensor’s name holds")
	w.shows(w.page("", "/ann/model/blob/main/bad.safetensors"), "too long to be shown")
	w.want(w.page("", "/ann/model/blob/main/short.safetensors"), 200)
}
