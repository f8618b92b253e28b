package method

import (
	"sync"
	"sync/atomic"

	"longcat/merge/number"
	"longcat/merge/random"
)

// Random are the random numbers of a merge, and the masks that were lately drawn
// from them. Safe for concurrent use.
type Random struct {
	sequence *random.Sequence

	mu     sync.Mutex
	lately [4]*atomic.Pointer[maskBits]
	next   int
}

// NewRandom makes the random numbers of a seed, as torch does.
func NewRandom(seed int64) *Random { return &Random{sequence: random.New(seed)} }

// remember keeps masks until a few others were remembered.
func (r *Random) remember(m *atomic.Pointer[maskBits]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.lately[r.next]; old != nil {
		old.Store(nil)
	}
	r.lately[r.next] = m
	r.next = (r.next + 1) % len(r.lately)
}

// maskBits are masks of a tensor: for each model a bit an element, each block
// beginning with a byte of its own.
type maskBits [][]byte

// mostBits is the most bytes of a tensor's masks that are remembered.
const mostBits = 24 << 20

// masks drop elements of the models' differences at random. Where two passes
// need the same masks, they are remembered as far as there is room.
type masks[F number.Float] struct {
	t *tensor[F]
	// draw sets the bits of the elements that are kept of the i-th model's
	// difference. They are not cleared before.
	draw func(b *block[F], i int, d []F, bits []byte)

	kept  atomic.Pointer[maskBits]
	whole atomic.Bool // every block's bits are in kept
}

// prune makes the pruning of the masks, rescaled in the arithmetic a.
func (m *masks[F]) prune(a arith[F]) (prune[F], error) {
	t := m.t
	stride := (t.blockLen() + 7) / 8
	if size := stride * t.count(); t.Params["rescale"] != 0 && size*int64(len(t.others)) <= mostBits {
		kept := make(maskBits, len(t.others))
		for i := range kept {
			kept[i] = make([]byte, size)
		}
		m.kept.Store(&kept)
		t.Random.remember(&m.kept)
	}
	p, err := t.rescale(func(b *block[F], i int, d []F) {
		bits := b.bitmap(int(stride))
		if kept := m.kept.Load(); kept != nil {
			at := b.first / t.blockLen() * stride
			bits = (*kept)[i][at : at+stride]
			if m.whole.Load() {
				number.ZeroBits(d, bits)
				return
			}
		}
		m.draw(b, i, d, bits)
		number.ZeroBits(d, bits)
	}, a)
	m.whole.Store(true)
	return p, err
}
