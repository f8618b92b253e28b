package cdc

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"longcat/hub/xet/merkle"
)

// recorded is a file of testdata/hashes.json: how to make it, and the hash
// that the reference implementation gives it. See testdata/record.py.
type recorded struct {
	Kind string
	Seed uint64
	Size int
	Hash merkle.Hash
}

func (r recorded) content() []byte {
	if r.Kind == "zeros" {
		return make([]byte, r.Size)
	}
	data := splitMix(r.Size, r.Seed)
	if r.Kind == "weights" {
		for i := 1; i < len(data); i += 2 {
			data[i] = data[i]%16 + 0x38
		}
	}
	return data
}

func TestHasherGivesTheReferencesFileHashes(t *testing.T) {
	text, err := os.ReadFile("testdata/hashes.json")
	if err != nil {
		t.Fatal(err)
	}
	var record struct{ Files []recorded }
	if err := json.Unmarshal(text, &record); err != nil {
		t.Fatal(err)
	}
	if len(record.Files) != 50 {
		t.Fatalf("%d files are recorded, want 50", len(record.Files))
	}
	for _, file := range record.Files {
		if file.Size > longestFile {
			continue
		}
		t.Run(fmt.Sprintf("%s-%d-%d", file.Kind, file.Seed, file.Size), func(t *testing.T) {
			t.Parallel()
			var tree merkle.Tree
			h := NewHasher(tree.Add)
			h.Write(file.content())
			h.Close()
			if got := tree.File(); got != file.Hash {
				t.Errorf("got %v, want %v", got, file.Hash)
			}
		})
	}
}

func TestHasherStartsAfreshAfterClose(t *testing.T) {
	var leaves []merkle.Leaf
	h := NewHasher(func(leaf merkle.Leaf) { leaves = append(leaves, leaf) })
	for range 2 {
		h.Write(splitMix(300_000, 4))
		h.Close()
	}
	half := len(leaves) / 2
	if half < 2 || len(leaves)%2 != 0 {
		t.Fatalf("two equal files gave %d chunks", len(leaves))
	}
	for i := range half {
		if leaves[i] != leaves[half+i] {
			t.Errorf("chunk %d: first time %v, then %v", i, leaves[i], leaves[half+i])
		}
	}
	for i, size := 0, uint64(0); i < half; i++ {
		data := splitMix(300_000, 4)[size : size+leaves[i].Size]
		if want := merkle.Chunk(data); leaves[i].Hash != want {
			t.Errorf("chunk %d: hash %v, want %v", i, leaves[i].Hash, want)
		}
		size += leaves[i].Size
	}
}
