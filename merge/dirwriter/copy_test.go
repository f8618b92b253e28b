package dirwriter

import "testing"

// TestStride wants ranges whose offsets agree modulo the block to be cut so
// that all whole blocks are asked for by themselves.
func TestStride(t *testing.T) {
	for _, from := range []int64{0, 1, 4095, 4096, 5000} {
		for _, to := range []int64{0, 904, 4096, 9096} {
			for _, n := range []int64{1, 100, 4096, 9000, 1 << 20, kernelChunk + 5000} {
				shared, at := int64(0), int64(0)
				for at < n {
					k := stride(from+at, to+at, n-at)
					if k <= 0 || k > n-at || k > kernelChunk {
						t.Fatalf("stride(%d, %d, %d) = %d", from+at, to+at, n-at, k)
					}
					if (from+at)%Block == 0 && (to+at)%Block == 0 && k%Block == 0 {
						shared += k
					}
					at += k
				}
				want := int64(0)
				if first := (Block - to%Block) % Block; from%Block == to%Block && n > first {
					want = (n - first) / Block * Block
				}
				if shared != want {
					t.Errorf("from %d to %d: %d of %d bytes asked for in whole blocks, want %d", from, to, shared, n, want)
				}
			}
		}
	}
}
