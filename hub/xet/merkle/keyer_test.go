package merkle

import "testing"

func TestKeyer(t *testing.T) {
	key := Hash{7}
	k := NewKeyer(key)
	for h := (Hash{}); h[0] < 5; h[0]++ {
		if got, want := k.Keyed(h), h.Keyed(key); got != want {
			t.Errorf("%v hidden is %v, want %v", h, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { k.Keyed(key) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
