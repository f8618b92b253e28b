package merge_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"longcat/merge"
)

const arithmeticRoot = "testdata/arithmetic"

var update = flag.Bool("update", false, "write testdata/arithmetic/sums.json anew")

// sums are the sha256 of a result's tensors, in the order of their names, rounded
// step by step and once.
type sums struct{ Stepwise, Precise string }

// TestArithmetic makes every merge in testdata/arithmetic. The sums are those of
// results that were held against mergekit's own, element by element, by
// interop/arithmetic/check.py.
func TestArithmetic(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(arithmeticRoot, "*.yaml"))
	if err != nil || len(files) < 30 {
		t.Fatal(len(files), "recipes", err)
	}
	var mu sync.Mutex
	got, want := map[string]sums{}, map[string]sums{}
	if err := json.Unmarshal(readFile(t, filepath.Join(arithmeticRoot, "sums.json")), &want); err != nil && !*update {
		t.Fatal(err)
	}
	t.Run("cases", func(t *testing.T) {
		for _, f := range files {
			name := strings.TrimSuffix(filepath.Base(f), ".yaml")
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				text := string(readFile(t, f))
				open := folders(t, arithmeticRoot)
				s := sums{tensorSum(t, mustPlan(t, text, open, arithmeticOptions(text, false)), open), tensorSum(t, mustPlan(t, text, open, arithmeticOptions(text, true)), open)}
				if s != want[name] && !*update {
					t.Errorf("other bytes: %+v", s)
				}
				mu.Lock()
				defer mu.Unlock()
				got[name] = s
			})
		}
	})
	if *update {
		data, err := json.MarshalIndent(got, "", " ")
		if err == nil {
			err = os.WriteFile(filepath.Join(arithmeticRoot, "sums.json"), append(data, '\n'), 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

var seedComment = regexp.MustCompile(`# --random-seed (\d+)`)

// arithmeticOptions are those that a recipe's comment asks for, with small shards.
func arithmeticOptions(text string, precise bool) merge.Options {
	o := merge.Options{Precise: precise, ShardSize: 60_000}
	if m := seedComment.FindStringSubmatch(text); m != nil {
		seed, _ := strconv.ParseInt(m[1], 10, 64)
		o.Seed = &seed
	}
	return o
}

// tensorSum is the sha256 of all tensors with their names, dtypes and shapes.
func tensorSum(t *testing.T, p *merge.Plan, open merge.Opener) string {
	t.Helper()
	tensors := tensorsOf(t, p, open)
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		fmt.Fprintln(h, name, tensors[name].DType, tensors[name].Shape)
		h.Write(tensors[name].data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestSeed wants a recipe without a seed to draw the same numbers always, told in
// the plan, and others with another seed or another recipe.
func TestSeed(t *testing.T) {
	open := folders(t, arithmeticRoot)
	text := string(readFile(t, filepath.Join(arithmeticRoot, "dare-ties.yaml")))
	one := mustPlan(t, text, open, merge.Options{})
	sum := tensorSum(t, one, open)
	if one.Seed == nil {
		t.Fatal("the plan does not tell the seed")
	}
	if got := tensorSum(t, mustPlan(t, text, open, merge.Options{Seed: one.Seed}), open); got != sum {
		t.Error("the told seed gives other bytes")
	}
	other := *one.Seed + 1
	for _, p := range []*merge.Plan{mustPlan(t, text, open, merge.Options{Seed: &other}), mustPlan(t, text+"# other\n", open, merge.Options{})} {
		if tensorSum(t, p, open) == sum {
			t.Error("another seed gives the same bytes")
		}
	}
	if p := mustPlan(t, string(readFile(t, filepath.Join(arithmeticRoot, "ties.yaml"))), open, merge.Options{}); p.Seed != nil {
		t.Error("a merge that draws nothing has a seed")
	}
}

// TestComputedRange reads ranges of computed files, at the same time, and wants
// what reading the whole gives.
func TestComputedRange(t *testing.T) {
	open := folders(t, arithmeticRoot)
	text := string(readFile(t, filepath.Join(arithmeticRoot, "della.yaml")))
	p := mustPlan(t, text, open, arithmeticOptions(text, false))
	for _, f := range p.Files {
		whole := readAll(t, p, f.Path, open)
		content, err := f.Content(t.Context(), open)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for off := int64(len(whole)) - 1; off > 0; off -= 9973 {
			wg.Go(func() {
				part := make([]byte, min(4001, int64(len(whole))-off))
				if _, err := content.ReadAt(part, off); err != nil && err != io.EOF || string(part) != string(whole[off:off+int64(len(part))]) {
					t.Errorf("%s: %d bytes at %d: %v", f.Path, len(part), off, err)
				}
			})
		}
		wg.Wait()
	}
}
