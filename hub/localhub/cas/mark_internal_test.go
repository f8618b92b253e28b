package cas

import (
	"testing"

	"longcat/hub/xet/merkle"
)

// A chunk that a file has many times is noted once: a short shard can name it
// millions of times.
func TestMarksAreNotedOnce(t *testing.T) {
	var eligible merkle.Hash
	for n := byte(0); !eligible.DedupEligible(); n++ {
		eligible = merkle.Hash{1, 31: n}
		if n == 255 {
			eligible = merkle.Hash{}
			break
		}
	}
	if !eligible.DedupEligible() {
		t.Fatal("no hash that may be asked for")
	}
	f := &File{}
	for term := range 5000 {
		f.mark(eligible, term)
	}
	if len(f.Marks) != 1 || f.Marks[0].Term != 0 {
		t.Errorf("%d marks", len(f.Marks))
	}
}
