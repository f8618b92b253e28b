// Command model writes a model of CatPPT-base's shape with random weights, the
// same each time: 32 layers of Mistral's, 14.5 GB in three files at scale 1.
//
// With -sibling, the weights are those with other lower bits, as if the model
// had been trained a little further.
//
//	go run ./bench/model [-scale 0.1] [-sibling 1] DIR
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"longcat/merge/safetensors"
)

const (
	layers = 32
	heads  = 32
	kv     = 8
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("model: ")
	scale := flag.Float64("scale", 1, "size in parts of 14.5 GB")
	sibling := flag.Uint("sibling", 0, "number of the sibling of the model, 0 for itself")
	flag.Parse()
	if flag.NArg() != 1 || *scale <= 0 || *scale > 1 {
		log.Fatal("usage: model [-scale 0.1] [-sibling 1] DIR")
	}
	if err := write(flag.Arg(0), shapeAt(*scale), byte(*sibling)); err != nil {
		log.Fatal(err)
	}
}

// hidden is the same at every scale: each tensor is a multiple of its 8192
// bytes, so what is true of blocks at scale 1 is true of small models, too.
const hidden = 4096

// shape holds the other widths of a model.
type shape struct {
	head, inter, vocab int64
	shard              int64 // most bytes of weights in a file
}

func shapeAt(scale float64) shape {
	part := func(whole float64) int64 { return max(1, int64(math.Round(whole*scale))) }
	return shape{head: 2 * part(64), inter: part(14336), vocab: part(32000), shard: part(5e9)}
}

func write(dir string, s shape, sibling byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	shards := split(s)
	weightMap := map[string]string{}
	var total int64
	rng := weights{rand.NewChaCha8([32]byte{}), nil}
	if sibling > 0 {
		rng.change = rand.NewChaCha8([32]byte{sibling})
	}
	for i, tensors := range shards {
		name := fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		if err := writeShard(filepath.Join(dir, name), rng, tensors); err != nil {
			return fmt.Errorf("writing %q: %w", name, err)
		}
		for _, t := range tensors {
			weightMap[t.Name] = name
			total += t.Size()
		}
	}
	card := "---\nlicense: apache-2.0\nlanguage:\n- en\n---\n\n# Random weights in CatPPT-base's shape\n"
	if err := os.WriteFile(filepath.Join(dir, "README.md"), []byte(card), 0o644); err != nil {
		return err
	}
	for name, v := range map[string]any{
		"model.safetensors.index.json": map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": weightMap},
		"generation_config.json":       map[string]any{"bos_token_id": 1, "eos_token_id": 2},
		"config.json": map[string]any{
			"architectures": []string{"MistralForCausalLM"}, "model_type": "mistral", "torch_dtype": "bfloat16",
			"hidden_size": hidden, "intermediate_size": s.inter, "vocab_size": s.vocab, "num_hidden_layers": layers,
			"num_attention_heads": heads, "num_key_value_heads": kv, "head_dim": s.head, "hidden_act": "silu", "rms_norm_eps": 1e-5,
			"rope_theta": 10000.0, "max_position_embeddings": 32768, "sliding_window": 4096, "tie_word_embeddings": false,
			"bos_token_id": 1, "eos_token_id": 2, "initializer_range": 0.02, "use_cache": true, "transformers_version": "4.35.2",
		},
	} {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// split lists the tensors, file by file.
func split(s shape) [][]safetensors.Tensor {
	shards, size := [][]safetensors.Tensor{nil}, int64(0)
	add := func(name string, dims ...int64) {
		t := safetensors.Tensor{Name: name, DType: safetensors.BF16, Shape: dims}
		t.End, _ = t.DType.Bytes(dims)
		if last := len(shards) - 1; size+t.Size() <= s.shard || shards[last] == nil {
			shards[last] = append(shards[last], t)
			size += t.Size()
			return
		}
		shards, size = append(shards, []safetensors.Tensor{t}), t.Size()
	}
	add("model.embed_tokens.weight", s.vocab, hidden)
	for l := range layers {
		p := fmt.Sprintf("model.layers.%d.", l)
		add(p+"input_layernorm.weight", hidden)
		add(p+"mlp.down_proj.weight", hidden, s.inter)
		add(p+"mlp.gate_proj.weight", s.inter, hidden)
		add(p+"mlp.up_proj.weight", s.inter, hidden)
		add(p+"post_attention_layernorm.weight", hidden)
		add(p+"self_attn.k_proj.weight", kv*s.head, hidden)
		add(p+"self_attn.o_proj.weight", hidden, heads*s.head)
		add(p+"self_attn.q_proj.weight", heads*s.head, hidden)
		add(p+"self_attn.v_proj.weight", kv*s.head, hidden)
	}
	add("model.norm.weight", hidden)
	add("lm_head.weight", s.vocab, hidden)
	return shards
}

func writeShard(path string, rng weights, tensors []safetensors.Tensor) (err error) {
	header, err := safetensors.Encode(map[string]string{"format": "pt"}, tensors, safetensors.Padding{})
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	w.Write(header) // Flush gives the error
	var size int64
	for _, t := range tensors {
		size += t.Size()
	}
	part, change := make([]byte, 1<<20), make([]byte, 1<<20)
	for ; size > 0; size -= int64(len(part)) {
		part = part[:min(size, int64(len(part)))]
		rng.read(part, change[:len(part)])
		w.Write(part)
	}
	return w.Flush()
}

// weights are random numbers in bfloat16.
type weights struct {
	rng, change *rand.ChaCha8 // change is nil for the model itself
}

func (w weights) read(b, change []byte) {
	w.rng.Read(b)
	if w.change != nil {
		w.change.Read(change)
	}
	for i := 1; i < len(b); i += 2 { // keep the sign, and make the exponent that of a small number
		b[i] = b[i]&0x81 | 0x3C
		b[i-1] ^= change[i-1] & change[i] & 0xf
	}
}
