package merge_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"longcat/merge"

	"github.com/google/go-cmp/cmp"
)

// golden is what mergekit 0.1.5 made of a recipe.
type golden struct {
	Config  map[string]any    `json:"config"`
	Tensors map[string]tensor `json:"tensors"`
}

const goldenRoot = "testdata/golden"

// TestGolden holds every merge in testdata/golden against mergekit's result,
// byte for byte.
func TestGolden(t *testing.T) {
	entries, err := os.ReadDir(goldenRoot)
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for _, e := range entries {
		if !e.IsDir() || e.Name() == "models" {
			continue
		}
		cases++
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			testGolden(t, filepath.Join(goldenRoot, e.Name()))
		})
	}
	if cases < 23 {
		t.Errorf("only %d golden cases found", cases)
	}
}

func testGolden(t *testing.T, dir string) {
	var want golden
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "expected.json")), &want); err != nil {
		t.Fatal(err)
	}
	recipe := readFile(t, filepath.Join(dir, "recipe.yaml"))
	open := folders(t, goldenRoot)
	// Small shards, so that the order of tensors and the cuts are exercised too.
	for _, shard := range []int64{merge.DefaultShardSize, 30_000} {
		p := mustPlan(t, string(recipe), open, merge.Options{ShardSize: shard})
		got := tensorsOf(t, p, open)
		fuseExperts(got)
		for name, w := range want.Tensors {
			g, ok := got[name]
			g.data = nil
			if !ok {
				t.Errorf("tensor %s is missing", name)
			} else if diff := cmp.Diff(w, g, cmp.AllowUnexported(tensor{})); diff != "" {
				t.Errorf("tensor %s (-mergekit +longcat):\n%s", name, diff)
			}
			delete(got, name)
		}
		for name := range got {
			t.Errorf("tensor %s is too much", name)
		}
		checkConfig(t, want.Config, readAll(t, p, "config.json", open))
		if text := readAll(t, p, "mergekit_config.yml", open); string(text) != string(recipe) {
			t.Errorf("mergekit_config.yml is not the recipe:\n%s", text)
		}
	}
}

// checkConfig compares what a merge changes. mergekit passes the rest through
// transformers, which renames keys and adds its defaults.
func checkConfig(t *testing.T, want map[string]any, config []byte) {
	t.Helper()
	var got map[string]any
	if err := json.Unmarshal(config, &got); err != nil {
		t.Fatal(err)
	}
	if got["num_hidden_layers"] != want["num_hidden_layers"] {
		t.Errorf("config has %v layers, want %v", got["num_hidden_layers"], want["num_hidden_layers"])
	}
	dtype := got["dtype"]
	if dtype == nil {
		dtype = got["torch_dtype"]
	}
	if dtype != want["dtype"] {
		t.Errorf("config has dtype %v, want %v", dtype, want["dtype"])
	}
}

// fuseExperts joins Mixtral's experts into the two tensors that transformers 5
// holds in memory and mergekit 0.1.5 writes: per layer the down projections
// (w2), and gate and up projections (w1, w3) in turn. longcat writes the names
// and shapes that the source checkpoint has, which every reader knows; the
// bytes are the same ones.
func fuseExperts(tensors map[string]tensor) {
	const moe = ".block_sparse_moe."
	join := func(name string, experts int64, parts ...string) {
		var out tensor
		for e := range experts {
			for _, part := range parts {
				key := strings.Replace(part, "#", string(rune('0'+e)), 1)
				x := tensors[key]
				delete(tensors, key)
				out.DType, out.Shape = x.DType, []int64{experts, int64(len(parts)) * x.Shape[0], x.Shape[1]}
				out.data = append(out.data, x.data...)
			}
		}
		out.SHA = hash(out.data)
		tensors[name] = out
	}
	for name, gate := range tensors {
		layer, ok := strings.CutSuffix(name, moe+"gate.weight")
		if !ok {
			continue
		}
		delete(tensors, name)
		tensors[layer+".mlp.gate.weight"] = gate
		join(layer+".mlp.experts.down_proj", gate.Shape[0], layer+moe+"experts.#.w2.weight")
		join(layer+".mlp.experts.gate_up_proj", gate.Shape[0], layer+moe+"experts.#.w1.weight", layer+moe+"experts.#.w3.weight")
	}
}
