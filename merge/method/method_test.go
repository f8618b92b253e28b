package method

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"longcat/merge/number"
	"longcat/merge/random"
	"longcat/merge/safetensors"
)

// testCase is a line of testdata/cases.json, which cases.py makes.
type testCase struct {
	Seed    int64
	Method  string
	Shape   []int64
	DTypes  []safetensors.DType
	Base    int
	DType   safetensors.DType
	Params  Params
	Each    []Params
	SHA256  string
	Precise string
}

func testCases(t testing.TB) []testCase {
	name := cmp.Or(os.Getenv("LONGCAT_METHOD_CASES"), "testdata/cases.json") // others made by cases.py
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var cases []testCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 30 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

// group makes the case's inputs: the base uniform in ±1/16, the others that plus
// a change of at most 1/128, in which an eighth of the elements are 0.
func (c testCase) group(precise bool) Group {
	n := 1
	for _, d := range c.Shape {
		n *= int(d)
	}
	r := random.New(c.Seed)
	at := int64(0)
	uniform := func() []float64 {
		v := make([]float64, n)
		w := make([]uint32, n)
		r.Words(w, at)
		at += int64(n)
		for i := range v {
			v[i] = float64(w[i])*0x1p-31 - 1
		}
		return v
	}
	root := uniform()
	for i := range root {
		root[i] /= 16
	}
	g := Group{Name: "x", Shape: c.Shape, Base: c.Base, Params: c.Params, DType: c.DType, Precise: precise, Random: NewRandom(c.Seed)}
	for i, d := range c.DTypes {
		x := root
		if i != c.Base {
			x = uniform()
			for k, v := range x {
				x[k] = root[k]
				if v /= 128; math.Abs(v) >= 1.0/1024 {
					x[k] += v
				}
			}
		}
		b := make([]byte, int64(n)*d.Bits()/8)
		number.Store(d, b, x)
		g.Inputs = append(g.Inputs, Input{Bytes: bytes.NewReader(b), DType: d, Params: c.Each[i]})
	}
	return g
}

// TestReference holds every method, with random parameters, dtypes and shapes,
// against what an independent implementation computed.
func TestReference(t *testing.T) {
	for _, c := range testCases(t) {
		for _, precise := range []bool{false, true} {
			want := c.SHA256
			if precise {
				want = c.Precise
			}
			x, err := New(c.Method, c.group(precise))
			if err != nil {
				t.Fatal(err)
			}
			p := make([]byte, x.Size())
			if _, err := x.ReadAt(p, 0); err != nil {
				t.Fatal(err)
			}
			if got := sha256.Sum256(p); hex.EncodeToString(got[:]) != want {
				t.Errorf("case %d (precise %v): %s of %v %v in %q gives other bytes", c.Seed, precise, c.Method, c.DTypes, c.Shape, c.DType)
			}
		}
	}
}

// large is a case that takes several spans, and more than a block a row.
func large(method string) Group {
	c := testCase{Seed: 7, Method: method, Shape: []int64{31, 9001}, DTypes: []safetensors.DType{"BF16", "BF16", "BF16"}, Base: 2, Params: Params{
		"normalize": 1, "rescale": 1, "lambda": 1, "t": 0.3, "max_iter": 2, "tol": 1e-5, "eps": 1e-8, "epsilon": 1e-5, "select_topk": 0.3, "nuslerp_row_wise": 1, "filter_wise": 1, "r": 0.1, "alpha": 0.2,
	}, Each: []Params{{"weight": 0.5, "density": 0.4, "epsilon": 0.1, "gamma": 0.02}, {"weight": 0.8, "density": 0.6, "epsilon": 0.1}, {"weight": 0.1}}}
	g := c.group(false)
	switch method {
	case "slerp", "nearswap", "arcee_fusion":
		g.Inputs = g.Inputs[1:]
		g.Base = 1
	case "linear", "karcher":
		g.Base = -1
	case "passthrough":
		g.Inputs, g.Base = g.Inputs[:1], -1
	}
	return g
}

// TestReadAt reads tensors in pieces, at odd places, at the same time, on any
// number of cores.
func TestReadAt(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, name := range Names() {
		runtime.GOMAXPROCS(1)
		x, err := New(name, large(name))
		if err != nil {
			t.Fatal(err)
		}
		want := make([]byte, x.Size())
		if _, err := x.ReadAt(want, 0); err != nil {
			t.Fatal(name, err)
		}
		runtime.GOMAXPROCS(5)
		x, _ = New(name, large(name))
		var wg sync.WaitGroup
		r := rand.New(rand.NewPCG(1, 2))
		for range 12 {
			off := r.Int64N(x.Size())
			n := min(x.Size()-off, r.Int64N(x.Size()/3))
			wg.Go(func() {
				got := make([]byte, n)
				if k, err := x.ReadAt(got, off); err != nil || k != len(got) || !bytes.Equal(got, want[off:off+n]) {
					t.Errorf("%s: %d bytes at %d differ from those of the whole: %v", name, n, off, err)
				}
			})
		}
		wg.Wait()
	}
}

type failing struct{ io.ReaderAt }

func (failing) ReadAt([]byte, int64) (int, error) { return 0, io.ErrClosedPipe }

// TestErrors wants the reader's error, with the tensor's name, whichever pass
// meets it.
func TestErrors(t *testing.T) {
	for _, name := range Names() {
		g := large(name)
		g.Inputs[0].Bytes = failing{}
		x, err := New(name, g)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.ReadAt(make([]byte, 10), 100); err == nil || !strings.Contains(err.Error(), `"x": `+io.ErrClosedPipe.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New("blend", large("linear")); err == nil {
		t.Error("an unknown method was accepted")
	}
}

func BenchmarkMethod(b *testing.B) {
	for _, name := range Names() {
		g := large(name)
		if name == "karcher" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			x, _ := New(name, g)
			p := make([]byte, x.Size())
			b.SetBytes(x.Size())
			for b.Loop() {
				x, _ = New(name, g)
				if _, err := x.ReadAt(p, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
