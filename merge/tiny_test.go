package merge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// memory is a model of files in memory.
type memory map[string][]byte

func (m memory) Files() []string { return slices.Sorted(maps.Keys(m)) }

func (m memory) Open(_ context.Context, name string) (*io.SectionReader, error) {
	data, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("opening %q: %w", name, fs.ErrNotExist)
	}
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data))), nil
}

// models opens models by their names in a map.
func models(list map[string]memory) merge.Opener {
	return func(name string) (merge.Model, error) {
		m, ok := list[name]
		if !ok {
			return nil, fmt.Errorf("no model %q", name)
		}
		return m, nil
	}
}

// tiny describes a checkpoint to build; the zero value is a Llama of 4 layers.
type tiny struct {
	layers int // 0: 4
	extra  int // layers after the config's count
	vocab  int64
	prefix string // "": model.layers
	dtype  safetensors.DType
	tied   bool
	shards int // 0: 1
	seed   string
	config map[string]any // added to config.json, or taken away with nil
	more   []safetensors.Tensor
	change func(*safetensors.Tensor) // alters each tensor before it is laid out
	files  map[string]string         // beside the weights
}

// build makes the files of the checkpoint. Every tensor's bytes follow from its
// name and the seed.
func (s tiny) build(t testing.TB) memory {
	t.Helper()
	if s.layers == 0 {
		s.layers = 4
	}
	if s.vocab == 0 {
		s.vocab = 16
	}
	if s.prefix == "" {
		s.prefix = "model.layers"
	}
	if s.dtype == "" {
		s.dtype = safetensors.BF16
	}
	var list []safetensors.Tensor
	add := func(name string, shape ...int64) {
		list = append(list, safetensors.Tensor{Name: name, DType: s.dtype, Shape: shape})
	}
	if !s.tied {
		add("lm_head.weight", s.vocab, 8)
	}
	add("model.embed_tokens.weight", s.vocab, 8)
	for l := range s.layers + s.extra {
		p := fmt.Sprintf("%s.%d.", s.prefix, l)
		add(p+"input_layernorm.weight", 8)
		add(p+"mlp.down_proj.weight", 8, 12)
		add(p+"mlp.up_proj.weight", 12, 8)
		add(p+"self_attn.o_proj.weight", 8, 8)
		add(p+"self_attn.qkv_proj.weight", 24, 8)
	}
	add("model.norm.weight", 8)
	list = append(list, s.more...)
	if s.change != nil {
		for i := range list {
			s.change(&list[i])
		}
	}
	config := map[string]any{"model_type": "llama", "num_hidden_layers": s.layers, "hidden_size": 8, "vocab_size": s.vocab, "tie_word_embeddings": s.tied}
	for k, v := range s.config {
		config[k] = v
		if v == nil {
			delete(config, k)
		}
	}
	m := memory{"config.json": mustJSON(t, config)}
	for name, text := range s.files {
		m[name] = []byte(text)
	}
	s.weights(t, m, list)
	return m
}

// weights lays the tensors out in shards.
func (s tiny) weights(t testing.TB, m memory, list []safetensors.Tensor) {
	n := max(s.shards, 1)
	index := map[string]string{}
	for i := range n {
		part := slices.Clone(list[len(list)*i/n : len(list)*(i+1)/n])
		head, err := safetensors.Encode(map[string]string{"format": "pt"}, part, safetensors.Padding{})
		if err != nil {
			t.Fatal(err)
		}
		name := "model.safetensors"
		if n > 1 {
			name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, n)
		}
		for _, x := range part {
			index[x.Name] = name
			head = append(head, s.bytesOf(x)...)
		}
		m[name] = head
	}
	if n > 1 {
		m["model.safetensors.index.json"] = mustJSON(t, map[string]any{"metadata": map[string]any{}, "weight_map": index})
	}
}

// bytesOf makes a tensor's content. Floats get no exponent of all ones, so that
// none is infinite or not a number.
func (s tiny) bytesOf(x safetensors.Tensor) []byte {
	h := fnv.New64a()
	io.WriteString(h, s.seed+"/"+x.Name)
	r := rand.New(rand.NewPCG(h.Sum64(), 1))
	out := make([]byte, x.Size())
	for i := range out {
		out[i] = byte(r.Uint32())
		if w := int(x.DType.Bits() / 8); w > 0 && i%w == w-1 {
			out[i] &= 0xbf
		}
	}
	return out
}

func mustJSON(t testing.TB, v any) []byte {
	t.Helper()
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// recipeOf writes a recipe of slices given as "model from to" and more lines.
func recipeOf(more string, slices ...string) string {
	text := "slices:\n"
	for _, s := range slices {
		var model string
		var from, to int
		if _, err := fmt.Sscan(s, &model, &from, &to); err != nil {
			panic(err)
		}
		text += fmt.Sprintf("  - sources:\n      - model: %s\n        layer_range: [%d, %d]\n", model, from, to)
	}
	return text + "merge_method: passthrough\n" + more
}
