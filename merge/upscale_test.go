package merge_test

import (
	"fmt"
	"strings"
	"testing"

	"longcat/merge"
	"longcat/merge/safetensors"
)

// TestUpscale wants each method's recipe to make the layers that it promises.
func TestUpscale(t *testing.T) {
	m := tiny{layers: 8}.build(t)
	open := models(map[string]memory{"org/base": m})
	for _, c := range []struct {
		opts   merge.UpscaleOptions
		layers string
		zeroed int
	}{
		{merge.UpscaleOptions{}, "0 1 2 2 3 3 4 4 5 5 6 7", 0},
		{merge.UpscaleOptions{Method: merge.Stacked}, "0 1 2 3 4 5 2 3 4 5 6 7", 0},
		{merge.UpscaleOptions{Method: merge.Stacked, From: 2, To: 4, Times: 3}, "0 1 2 3 2 3 2 3 4 5 6 7", 0},
		{merge.UpscaleOptions{Method: merge.Interwoven, From: 0, To: 2, Times: 3}, "0 0 0 1 1 1 2 3 4 5 6 7", 0},
		{merge.UpscaleOptions{Method: merge.BlockExpansion}, "0 1 2 2 3 3 4 4 5 5 6 7", 4},
		{merge.UpscaleOptions{Method: merge.BlockExpansion, From: 6, To: 8}, "0 1 2 3 4 5 6 6 7 7", 2},
	} {
		text, err := merge.Upscale(t.Context(), "org/base", m, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		p := mustPlan(t, string(text), open, merge.Options{})
		var got []string
		zeroed := 0
		for _, l := range p.Layers {
			got = append(got, fmt.Sprint(l.Layer))
			if l.Scaled {
				zeroed++
			}
		}
		if s := strings.Join(got, " "); s != c.layers || zeroed != c.zeroed {
			t.Errorf("%+v: layers %s (%d zeroed), want %s (%d)", c.opts, s, zeroed, c.layers, c.zeroed)
		}
		if want := fmt.Sprintf("8 layers become %d", len(got)); !strings.Contains(string(text), want) || !strings.HasPrefix(string(text), "# org/base") {
			t.Errorf("no comment says %q in\n%s", want, text)
		}
	}
}

// TestUpscaleExamples wants examples/ to be what Upscale writes for a model with
// the names and the depth of the base.
func TestUpscaleExamples(t *testing.T) {
	m := tiny{layers: 32, change: func(x *safetensors.Tensor) { x.Name = strings.Replace(x.Name, "qkv", "q", 1) }}.build(t)
	for file, opts := range map[string]merge.UpscaleOptions{
		"longcat-10.7b.yaml":          {},
		"catppt-stacked.yaml":         {Method: merge.Stacked},
		"catppt-block-expansion.yaml": {Method: merge.BlockExpansion, From: 24, To: 32},
	} {
		text, err := merge.Upscale(t.Context(), "rishiraj/CatPPT-base", m, opts)
		if err != nil {
			t.Fatal(err)
		}
		if want := string(readFile(t, "../examples/"+file)); string(text) != want {
			t.Errorf("examples/%s is not Upscale's output:\n%s", file, text)
		}
	}
}

// TestBlockExpansion finds the output projections by the names of many
// architectures, and filters that match nothing else.
func TestBlockExpansion(t *testing.T) {
	for name, c := range map[string]struct {
		tensors []string
		want    string
	}{
		"llama":    {[]string{"self_attn.q_proj.weight", "self_attn.o_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"}, "down_proj o_proj"},
		"gpt2":     {[]string{"attn.c_attn.weight", "attn.c_proj.weight", "attn.c_proj.bias", "mlp.c_fc.weight", "mlp.c_proj.weight"}, "c_proj"},
		"gpt-neox": {[]string{"attention.dense.weight", "attention.dense.bias", "mlp.dense_h_to_4h.weight", "mlp.dense_4h_to_h.weight"}, "attention.dense. dense_4h_to_h"},
		"phi":      {[]string{"self_attn.dense.weight", "mlp.fc1.weight", "mlp.fc2.weight"}, "dense fc2"},
		"opt":      {[]string{"self_attn.out_proj.weight", "fc1.weight", "fc2.weight"}, "fc2 out_proj"},
		"mixtral":  {[]string{"self_attn.o_proj.weight", "block_sparse_moe.experts.0.w1.weight", "block_sparse_moe.experts.0.w2.weight", "block_sparse_moe.experts.1.w2.weight"}, "o_proj w2"},
		"gpt-oss":  {[]string{"self_attn.o_proj.weight", "self_attn.o_proj.bias", "mlp.experts.down_proj", "mlp.experts.down_proj_bias"}, "down_proj o_proj"},
		"internlm": {[]string{"attention.wqkv.weight", "attention.wo.weight", "feed_forward.w1.weight", "feed_forward.w2.weight"}, "w2 wo"},
		"t5":       {[]string{"layer.0.SelfAttention.q.weight", "layer.0.SelfAttention.o.weight", "layer.1.DenseReluDense.wi.weight", "layer.1.DenseReluDense.wo.weight"}, "SelfAttention.o. wo"},
		"mamba":    {[]string{"mixer.in_proj.weight", "mixer.out_proj.weight"}, "out_proj"},
		"unknown":  {[]string{"alpha.weight", "beta.weight"}, ""},
	} {
		var list []safetensors.Tensor
		for l := range 4 {
			for _, n := range c.tensors {
				list = append(list, safetensors.Tensor{Name: fmt.Sprintf("model.layers.%d.%s", l, n), DType: safetensors.BF16, Shape: []int64{2}})
			}
		}
		m := memory{"config.json": []byte(`{"num_hidden_layers": 4}`)}
		tiny{}.weights(t, m, list)
		text, err := merge.Upscale(t.Context(), "m", m, merge.UpscaleOptions{Method: merge.BlockExpansion})
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "alpha.weight") {
				t.Errorf("%s: got %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for line := range strings.SplitSeq(string(text), "\n") {
			if f, ok := strings.CutPrefix(strings.TrimSpace(line), "- filter: "); ok && !strings.Contains(strings.Join(got, " ")+" ", f+" ") {
				got = append(got, f)
			}
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: filters %q, want %q", name, s, c.want)
		}
	}
}

func TestUpscaleRefuses(t *testing.T) {
	m := tiny{}.build(t)
	quantised := tiny{change: func(x *safetensors.Tensor) { x.DType = safetensors.I8 }}.build(t)
	for _, c := range []struct {
		m    memory
		opts merge.UpscaleOptions
		want string
	}{
		{m, merge.UpscaleOptions{Method: "sideways"}, `unknown method "sideways"; there are [interwoven stacked block-expansion]`},
		{m, merge.UpscaleOptions{From: 2, To: 9}, `layers 2:9 do not lie in "m", which has 4 layers (0:4)`},
		{m, merge.UpscaleOptions{From: 2, To: 2}, `layers 2:2 do not lie`},
		{m, merge.UpscaleOptions{Times: 1}, `2 to 100 times, not 1`},
		{quantised, merge.UpscaleOptions{Method: merge.BlockExpansion}, "is quantised (I8)"},
	} {
		if _, err := merge.Upscale(t.Context(), "m", c.m, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.opts, err, c.want)
		}
	}
}

// TestBlockExpansionClaim says that the result computes what the base does only
// for model types of which that is known, and refuses those that do more than
// add in a layer.
func TestBlockExpansionClaim(t *testing.T) {
	scalar := func(x *safetensors.Tensor) {
		x.Name = strings.Replace(x.Name, "input_layernorm.weight", "layer_scalar", 1)
	}
	for name, c := range map[string]struct {
		m    tiny
		want string // of an error, or "" for the claim, or "unknown"
	}{
		"llama":                   {tiny{}, ""},
		"text of several parts":   {tiny{config: map[string]any{"model_type": "llava", "text_config": map[string]any{"model_type": "mistral", "num_hidden_layers": 4}, "num_hidden_layers": nil}}, ""},
		"unknown":                 {tiny{config: map[string]any{"model_type": "new"}}, "unknown"},
		"norm over the sum":       {tiny{config: map[string]any{"model_type": "distilbert"}}, "a norm over the sum"},
		"norm over the sum, flag": {tiny{config: map[string]any{"model_type": "opt", "do_layer_norm_before": false}}, "a norm over the sum"},
		"residual of a norm":      {tiny{config: map[string]any{"model_type": "bloom", "apply_residual_connection_post_layernorm": true}}, "add to what a norm made"},
		"layer scalar":            {tiny{change: scalar}, "multiply the sum"},
		"scaled by depth":         {tiny{config: map[string]any{"scale_depth": 1.4}}, "divided by the depth"},
		"layer numbers":           {tiny{config: map[string]any{"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": true}}, "scale_attn_by_inverse_layer_idx is true"},
	} {
		text, err := merge.Upscale(t.Context(), "m", c.m.build(t), merge.UpscaleOptions{Method: merge.BlockExpansion})
		claims := strings.Contains(string(text), "computes what the base does")
		switch {
		case c.want == "" || c.want == "unknown":
			if err != nil || claims != (c.want == "") {
				t.Errorf("%s: claims %t, error %v", name, claims, err)
			}
		case err == nil || !strings.Contains(err.Error(), c.want):
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	// What can not be merged is not proposed.
	special := tiny{change: func(x *safetensors.Tensor) {
		if x.Name == "model.layers.0.mlp.up_proj.weight" {
			x.Shape = []int64{6, 8}
		}
	}}.build(t)
	if _, err := merge.Upscale(t.Context(), "m", special, merge.UpscaleOptions{From: 0, To: 2}); err == nil || !strings.Contains(err.Error(), "layer 0 of \"m\" has other tensors") {
		t.Errorf("first layer of its own: got %v", err)
	}
}
