package merge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// big makes models whose tensors are whole blocks, as those of large models are.
func big(x *safetensors.Tensor) {
	for i := range x.Shape {
		x.Shape[i] *= 32
	}
	if len(x.Shape) == 1 {
		x.Shape[0] *= 8
	}
}

// TestShareable wants all bytes of an interwoven merge to lie where a
// filesystem can share them with the source's, but for the blocks at seams.
func TestShareable(t *testing.T) {
	open := models(map[string]memory{"m": tiny{shards: 3, change: big}.build(t)})
	slices := []string{"m 0 1", "m 1 2", "m 1 2", "m 2 3", "m 2 3", "m 3 4"}
	p := mustPlan(t, recipeOf("", slices...), open, merge.Options{ShardSize: 4 << 20})
	if lost := p.TensorBytes - p.Shareable; lost > 16*4096 {
		t.Errorf("of %d bytes %d are not shareable", p.TensorBytes, lost)
	}
	p = mustPlan(t, recipeOf("dtype: float32\n", slices...), open, merge.Options{})
	if p.Shareable != 0 {
		t.Errorf("%d bytes of converted tensors can not be shared", p.Shareable)
	}
}

// TestShards cuts random merges into files and wants each within the limit,
// named as transformers expects, and all of them to hold the tensors of the
// uncut merge.
func TestShards(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	mixed := func(x *safetensors.Tensor) {
		if x.Name == "model.layers.1.mlp.up_proj.weight" || x.Name == "model.layers.2.input_layernorm.weight" {
			x.DType = safetensors.F32
		}
		if x.Name == "model.layers.2.mlp.up_proj.weight" {
			x.DType, x.Shape = safetensors.U8, []int64{7} // makes offsets odd
		}
	}
	config := map[string]any{"block_configs": []int{0, 0, 1, 0}} // says that layer 2 is another
	open := models(map[string]memory{
		"a": tiny{seed: "a", shards: 2, change: mixed, config: config}.build(t),
		"b": tiny{seed: "b", change: mixed, config: config}.build(t),
	})
	for range 60 {
		var slices []string
		for range 1 + r.IntN(5) {
			from := r.IntN(4)
			slices = append(slices, fmt.Sprintf("%c %d %d", 'a'+r.IntN(2), from, from+1+r.IntN(4-from)))
		}
		recipe := recipeOf("", slices...)
		want := tensorsOf(t, mustPlan(t, recipe, open, merge.Options{}), open)
		limit := int64(4800 + r.IntN(4000)) // more than the largest tensor with a header takes
		p := mustPlan(t, recipe, open, merge.Options{ShardSize: limit})
		shards := 0
		for _, f := range p.Files {
			if f.Tensors == nil {
				continue
			}
			shards++
			if f.Size > limit {
				t.Errorf("%s has %d bytes, more than %d", f.Path, f.Size, limit)
			}
			for _, x := range f.Tensors {
				if x.Begin%max(x.DType.Bits()/8, 1) != 0 {
					t.Errorf("%s starts at %d, no multiple of its element's size", x.Name, x.Begin)
				}
			}
		}
		got := tensorsOf(t, p, open)
		if len(got) != len(want) {
			t.Errorf("%d tensors, want %d", len(got), len(want))
		}
		for name, w := range want {
			if g := got[name]; g.SHA != w.SHA || g.DType != w.DType {
				t.Errorf("%s differs", name)
			}
		}
		if shards > 1 {
			checkIndex(t, p, open, shards)
		}
	}
}

func checkIndex(t *testing.T, p *merge.Plan, open merge.Opener, shards int) {
	t.Helper()
	var index struct {
		Metadata struct {
			Size   int64 `json:"total_size"`
			Params int64 `json:"total_parameters"`
		} `json:"metadata"`
		WeightMap map[string]string `json:"weight_map"`
	}
	data := readAll(t, p, "model.safetensors.index.json", open)
	if err := json.Unmarshal(data, &index); err != nil {
		t.Fatal(err)
	}
	if index.Metadata.Size != p.TensorBytes || index.Metadata.Params != p.Params || len(index.WeightMap) != p.Tensors {
		t.Errorf("index: %+v of %d tensors", index.Metadata, len(index.WeightMap))
	}
	for i, f := range p.Files[:shards] {
		if want := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, shards); f.Path != want {
			t.Errorf("file %s, want %s", f.Path, want)
		}
		for _, x := range f.Tensors {
			if index.WeightMap[x.Name] != f.Path {
				t.Errorf("the index has %s in %q, not in %s", x.Name, index.WeightMap[x.Name], f.Path)
			}
		}
	}
	if !bytes.HasSuffix(data, []byte("}\n")) {
		t.Error("the index does not end in a newline")
	}
}

// TestWholeFile wants a merge that takes a file's tensors all once to copy its
// data in one piece: the order of tensors is the source's.
func TestWholeFile(t *testing.T) {
	m := tiny{}.build(t)
	open := models(map[string]memory{"m": m})
	p := mustPlan(t, recipeOf("", "m 2 4", "m 0 2"), open, merge.Options{})
	src, out := m["model.safetensors"], readAll(t, p, "model.safetensors", open)
	h, err := safetensors.Read(bytes.NewReader(src), int64(len(src)))
	if err != nil {
		t.Fatal(err)
	}
	data := src[h.Data:]
	if !bytes.HasSuffix(out, data) {
		t.Error("the data of a file was torn apart without need")
	}
}

// TestForward wants every output file of the forward layout to read one source
// file from front to back, and the same tensors as in the usual layout.
func TestForward(t *testing.T) {
	open := models(map[string]memory{"a": tiny{seed: "a", shards: 3}.build(t), "b": tiny{seed: "b", shards: 2}.build(t)})
	for _, slices := range [][]string{
		{"a 0 2", "a 1 3", "a 1 3", "a 1 4"},
		{"a 3 4", "a 2 3", "a 1 2", "a 0 1"}, // backwards
		{"a 0 3", "b 1 2", "b 1 2", "a 2 4"},
	} {
		usual := tensorsOf(t, mustPlan(t, recipeOf("", slices...), open, merge.Options{}), open)
		p := mustPlan(t, recipeOf("", slices...), open, merge.Options{Layout: merge.Forward, ShardSize: 60_000})
		got := tensorsOf(t, p, open)
		if len(got) != len(usual) {
			t.Errorf("%v: %d tensors, want %d", slices, len(got), len(usual))
		}
		for name, x := range usual {
			if !bytes.Equal(got[name].data, x.data) {
				t.Errorf("%v: %s differs", slices, name)
			}
		}
		for _, f := range p.Files {
			if f.Tensors == nil {
				continue
			}
			if r, ok := f.ReadsForward(); !ok || r.To <= r.From {
				t.Errorf("%v: %s reads %v of several files, or backwards", slices, f.Path, r)
			}
		}
	}
}
