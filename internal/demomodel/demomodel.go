// Package demomodel makes a small model in Mistral's shape, for demonstrations
// and tests.
package demomodel

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"longcat/merge/safetensors"
)

// The demo's model has Mistral's shape with every width made small: 32 layers,
// 2.1 million parameters, two shards.
const (
	layers  = 32
	hidden  = 64
	inter   = 192
	heads   = 4
	kvHeads = 2
	vocab   = 259 // the bytes, and three special tokens
)

const card = `---
license: apache-2.0
language:
- en
library_name: transformers
pipeline_tag: text-generation
tags:
- demo
---

# A small stand-in for CatPPT-base

32 layers of random weights in Mistral's shape. Not the real model.
`

// Write makes the model, the same each time, as a directory in the
// layout of a Hub repo.
func Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	list := tensors()
	half := len(list) / 2
	weightMap := map[string]string{}
	var total int64
	rng := rand.New(rand.NewPCG(10, 7))
	for i, shard := range [][]safetensors.Tensor{list[:half], list[half:]} {
		name := fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)
		b, err := safetensors.Encode(map[string]string{"format": "pt"}, shard, safetensors.Padding{})
		if err != nil {
			return err
		}
		for _, t := range shard {
			b = appendWeights(b, rng, t)
			weightMap[t.Name] = name
			total += t.Size()
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	files := map[string]any{
		"model.safetensors.index.json": map[string]any{"metadata": map[string]any{"total_size": total}, "weight_map": weightMap},
		"config.json": map[string]any{
			"architectures": []string{"MistralForCausalLM"}, "model_type": "mistral", "torch_dtype": "bfloat16",
			"hidden_size": hidden, "intermediate_size": inter, "num_hidden_layers": layers,
			"num_attention_heads": heads, "num_key_value_heads": kvHeads, "vocab_size": vocab,
			"hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 4096,
			"sliding_window": 4096, "tie_word_embeddings": false, "bos_token_id": 1, "eos_token_id": 2,
			"transformers_version": "4.35.2", "use_cache": true, "initializer_range": 0.02,
		},
		"generation_config.json": map[string]any{"bos_token_id": 1, "eos_token_id": 2},
		"tokenizer.json":         tokenizer(),
		"tokenizer_config.json": map[string]any{
			"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>",
		},
	}
	for name, v := range files {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), []byte(card), 0o644)
}

func tensors() []safetensors.Tensor {
	var list []safetensors.Tensor
	add := func(name string, shape ...int64) {
		t := safetensors.Tensor{Name: name, DType: safetensors.BF16, Shape: shape}
		t.End, _ = t.DType.Bytes(shape)
		list = append(list, t)
	}
	const kv = hidden / heads * kvHeads
	add("model.embed_tokens.weight", vocab, hidden)
	for l := range layers {
		p := fmt.Sprintf("model.layers.%d.", l)
		add(p+"input_layernorm.weight", hidden)
		add(p+"mlp.down_proj.weight", hidden, inter)
		add(p+"mlp.gate_proj.weight", inter, hidden)
		add(p+"mlp.up_proj.weight", inter, hidden)
		add(p+"post_attention_layernorm.weight", hidden)
		add(p+"self_attn.k_proj.weight", kv, hidden)
		add(p+"self_attn.o_proj.weight", hidden, hidden)
		add(p+"self_attn.q_proj.weight", hidden, hidden)
		add(p+"self_attn.v_proj.weight", kv, hidden)
	}
	add("model.norm.weight", hidden)
	add("lm_head.weight", vocab, hidden)
	return list
}

// appendWeights adds a tensor's values: ones for a norm, else small normal
// numbers, cut to bfloat16.
func appendWeights(b []byte, rng *rand.Rand, t safetensors.Tensor) []byte {
	for range t.Elements() {
		v := float32(1)
		if len(t.Shape) > 1 {
			v = float32(rng.NormFloat64() * 0.02)
		}
		bits := math.Float32bits(v) >> 16
		b = append(b, byte(bits), byte(bits>>8))
	}
	return b
}

// tokenizer is one token a byte, in the format of the tokenizers library.
func tokenizer() map[string]any {
	special := []string{"<unk>", "<s>", "</s>"}
	vocab := map[string]int{}
	var added []map[string]any
	for i, s := range special {
		vocab[s] = i
		added = append(added, map[string]any{
			"id": i, "content": s, "special": true,
			"single_word": false, "lstrip": false, "rstrip": false, "normalized": false,
		})
	}
	for i, r := range byteAlphabet() {
		vocab[string(r)] = len(special) + i
	}
	return map[string]any{
		"version": "1.0", "added_tokens": added,
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		"decoder":       map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": []string{}},
	}
}

// byteAlphabet is GPT-2's way to write each byte as a visible character:
// printable ones as themselves, the others from U+0100 on.
func byteAlphabet() []rune {
	letters := make([]rune, 256)
	next := rune(0x100)
	for b := range letters {
		r := rune(b)
		visible := (r >= '!' && r <= '~') || (r >= 0xA1 && r <= 0xAC) || (r >= 0xAE && r <= 0xFF)
		if !visible {
			r = next
			next++
		}
		letters[b] = r
	}
	return letters
}
