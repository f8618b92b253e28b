package lora

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

func TestConfig(t *testing.T) {
	c, err := ParseConfig([]byte(`{"peft_type": "LORA", "lora_alpha": 8, "use_rslora": false, "alpha_pattern": {"layers.2.*.k_proj": 16, "q_proj": 2}}`))
	if err != nil {
		t.Fatal(err)
	}
	for module, want := range map[string]float64{"model.layers.2.self_attn.k_proj": 4, "model.layers.1.self_attn.k_proj": 2, "model.layers.1.q_proj": 0.5, "model.layers.1.xq_proj": 2} {
		if got := c.Scale(module, 4); got != want {
			t.Errorf("%s: %g, want %g", module, got, want)
		}
	}
	c, _ = ParseConfig([]byte(`{"peft_type": "LORA", "lora_alpha": 8, "use_rslora": true}`))
	if got := c.Scale("x", 16); got != 2 {
		t.Errorf("rslora: %g", got)
	}
	for text, want := range map[string]string{
		`{"peft_type": "IA3", "lora_alpha": 8}`:                                        "only LORA",
		`{"peft_type": "LORA"}`:                                                        "no lora_alpha",
		`{"peft_type": "LORA", "lora_alpha": 8, "use_qalora": true}`:                   "use_qalora",
		`{"peft_type": "LORA", "lora_alpha": 8, "layer_replication": [[0, 4]]}`:        "layer_replication",
		`{"peft_type": "LORA", "lora_alpha": 8, "init_lora_weights": "pissa_niter_4"}`: "changed the weights",
		`{"peft_type": "LORA", "lora_alpha": 8, "alpha_pattern": {"(": 1}}`:            "alpha_pattern",
		`{"peft_type": "LORA", "lora_alpha": "much"}`:                                  "lora_alpha",
	} {
		if _, err := ParseConfig([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func matrix(r *rand.Rand, rows, cols int64) (Matrix, []float64) {
	v := make([]float64, rows*cols)
	for i := range v {
		v[i] = float64(float32(r.NormFloat64()))
	}
	b := make([]byte, 4*len(v))
	number.Store(safetensors.F32, b, v)
	return Matrix{bytes.NewReader(b), safetensors.F32, rows, cols}, v
}

// TestUpdate holds updates, also turned over and with magnitudes, against the
// formula, element by element, whole and in pieces.
func TestUpdate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const out, in, rank, scale = 37, 21, 3, 0.75
	for _, kind := range []string{"plain", "transposed", "dora"} {
		a, av := matrix(r, rank, in)
		b, bv := matrix(r, out, rank)
		u := &Update{A: a, B: b, Scale: scale, Factors: &Factors{}}
		rows, cols := int64(out), int64(in)
		if u.Transposed = kind == "transposed"; u.Transposed {
			rows, cols = in, out
		}
		var wv, mv []float64
		u.Weight, wv = matrix(r, rows, cols)
		if kind == "dora" {
			m, v := matrix(r, out, 1)
			u.Magnitude, mv = &m, v
		}
		want := make([]float64, rows*cols)
		for i := range rows {
			length := 0.0
			for j := range cols {
				o, n := i, j
				if u.Transposed {
					o, n = j, i
				}
				d := 0.0
				for k := range int64(rank) {
					d += bv[o*rank+k] * av[k*in+n]
				}
				x := wv[i*cols+j] + scale*d
				want[i*cols+j] = x
				length += x * x
			}
			for j := range cols {
				if mv != nil {
					want[i*cols+j] *= mv[i] / math.Sqrt(length)
				}
			}
		}
		whole := make([]byte, 4*len(want))
		if _, err := u.ReadAt(whole, 0); err != nil {
			t.Fatal(err)
		}
		got := make([]float64, len(want))
		number.Load(safetensors.F32, got, whole)
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-6*(1+math.Abs(want[i])) {
				t.Fatalf("%s: element %d is %g, want %g", kind, i, got[i], want[i])
			}
		}
		for off := int64(0); off < int64(len(whole))-500; off += 333 {
			part := make([]byte, 500)
			if _, err := u.ReadAt(part, off); err != nil || !bytes.Equal(part, whole[off:off+500]) {
				t.Fatalf("%s: the bytes at %d differ: %v", kind, off, err)
			}
		}
	}
}
