package merkle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zeebo/blake3"
)

// counting is the hash whose bytes count from 0.
func counting() (h Hash) {
	for i := range h {
		h[i] = byte(i)
	}
	return h
}

// The example is that of docs/xet/api.md.
func TestHashSpelling(t *testing.T) {
	const want = "0706050403020100" + "0f0e0d0c0b0a0908" + "1716151413121110" + "1f1e1d1c1b1a1918"
	h := counting()
	if got := h.String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, text := range []string{want, strings.ToUpper(want)} {
		if got, err := Parse(text); err != nil || got != h {
			t.Errorf("parsing %s: got %x, %v", text, got[:], err)
		}
	}
	for _, text := range []string{"", want[1:], want + "0", "g" + want[1:], want[:62] + "é", strings.Repeat("x", 1<<20)} {
		if got, err := Parse(text); err == nil || got != (Hash{}) {
			t.Errorf("parsing %.80q gave %v, want an error", text, got)
		} else if len(err.Error()) > 500 {
			t.Errorf("the error repeats %d bytes of its input", len(err.Error()))
		}
	}
}

func TestHashInJSON(t *testing.T) {
	type document struct {
		Hash Hash         `json:"hash"`
		Map  map[Hash]int `json:"map"`
	}
	in := document{counting(), map[Hash]int{counting(): 1}}
	text, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), counting().String()); n != 2 {
		t.Errorf("%s holds the hash %d times, want 2", text, n)
	}
	var out document
	if err := json.Unmarshal(text, &out); err != nil || out.Hash != in.Hash || out.Map[counting()] != 1 {
		t.Errorf("got %v, %v", out, err)
	}
	if err := json.Unmarshal([]byte(`{"hash": "abc"}`), &out); err == nil {
		t.Error("a short hash was taken")
	}
}

func TestDedupEligible(t *testing.T) {
	var h Hash
	h[0], h[24], h[25] = 1, 0, 4 // the last word is 4*256 = 1024
	if !h.DedupEligible() {
		t.Error("a multiple of 1024 is not eligible")
	}
	h[24] = 1
	if h.DedupEligible() {
		t.Error("1025 is eligible")
	}
}

func TestChunk(t *testing.T) {
	// Source: the test vector of draft-denis-xet, "Chunk Hash".
	const want = "d8d408e608fb9ca213b9909a65d86d725f2de4d8d540324be8a363e7a6e228cb"
	if got := Chunk([]byte("Hello World!")).String(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	pieces := NewChunk()
	for range 2 { // Sum begins the next chunk
		pieces.Add([]byte("Hello "))
		pieces.Add([]byte("World!"))
		if got := pieces.Sum().String(); got != want {
			t.Errorf("in pieces: got %s, want %s", got, want)
		}
	}
}

// slowRoot is the tree as docs/xet/hashing.md tells it, a level at a time.
func slowRoot(nodes []Leaf) Hash {
	if len(nodes) == 0 {
		return Hash{}
	}
	for len(nodes) > 1 {
		var next []Leaf
		for len(nodes) > 0 {
			n := 0
			for n < len(nodes) && n < 9 {
				n++
				if n >= 3 && nodes[n-1].Hash[24]%4 == 0 {
					break
				}
			}
			var text strings.Builder
			var size uint64
			for _, node := range nodes[:n] {
				fmt.Fprintf(&text, "%v : %d\n", node.Hash, node.Size)
				size += node.Size
			}
			hasher, _ := blake3.NewKeyed(nodeKey[:])
			hasher.WriteString(text.String())
			next = append(next, Leaf{Hash(hasher.Sum(nil)), size})
			nodes = nodes[n:]
		}
		nodes = next
	}
	return nodes[0].Hash
}

func TestTree(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var tree Tree // used for all: it must be empty after each
	for n := range 200 {
		for _, cuts := range []int{1, 4, 1000} { // every node, some nodes and hardly a node ends a group
			leaves := make([]Leaf, n)
			for i := range leaves {
				leaves[i] = Leaf{Chunk(fmt.Append(nil, random.Uint64())), random.Uint64N(1 << 40)}
				if leaves[i].Hash[24] |= 1; random.IntN(cuts) == 0 {
					leaves[i].Hash[24] &^= 3
				}
				tree.Add(leaves[i])
			}
			want := slowRoot(leaves)
			if got := tree.Root(); got != want {
				t.Fatalf("%d leaves: root %v, want %v", n, got, want)
			}
			if got := Xorb(leaves); got != want {
				t.Fatalf("%d leaves: xorb hash %v, want %v", n, got, want)
			}
			if n > 0 {
				want = want.Keyed(Hash{})
			}
			if got := File(leaves); got != want {
				t.Fatalf("%d leaves: file hash %v, want %v", n, got, want)
			}
		}
	}
}

func TestRange(t *testing.T) {
	a, b := Chunk([]byte("a")), Chunk([]byte("b"))
	want := Hash{}
	hasher, _ := blake3.NewKeyed(rangeKey[:])
	hasher.Write(append(a[:], b[:]...))
	copy(want[:], hasher.Sum(nil))
	r := NewRange()
	for range 2 {
		r.Add(a)
		r.Add(b)
		if got := r.Sum(); got != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
}

func BenchmarkTree(b *testing.B) {
	var tree Tree
	leaf := Leaf{Chunk(nil), 64 << 10}
	b.ReportAllocs()
	for b.Loop() {
		leaf.Hash[24]++
		tree.Add(leaf)
	}
}
