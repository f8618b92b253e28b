package method

import (
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"

	"longcat/merge/number"

	"golang.org/x/sync/errgroup"
)

// tensor is a Group that is computed in F.
type tensor[F number.Float] struct {
	Group
	arith[F]
	n      int64 // elements
	others []int // inputs other than the base's
	row    int64 // elements that must be computed together

	prepare prepare[F]
	once    sync.Once
	step    step[F]
	err     error
}

// blocks32 and blocks64 are blocks that are not in use.
var blocks32, blocks64 = sync.Pool{New: func() any { return new(block[float32]) }}, sync.Pool{New: func() any { return new(block[float64]) }}

// takeBlock is a block for the tensor, to be put back into the pool.
func (t *tensor[F]) takeBlock() (b *block[F], pool *sync.Pool) {
	pool = &blocks32
	if width[F]() == 64 {
		pool = &blocks64
	}
	b = pool.Get().(*block[F])
	b.raw, b.x = b.raw[:cap(b.raw)], b.x[:cap(b.x)]
	if n := len(t.Inputs); len(b.raw) < n || len(b.x) < n {
		b.raw, b.x = append(b.raw, make([][]byte, n)...), append(b.x, make([][]F, n)...)
	}
	return b, pool
}

func newTensor[F number.Float](g Group, p prepare[F]) *tensor[F] {
	t := &tensor[F]{Group: g, arith: arith[F]{g.DType, g.Precise}, n: 1, row: 1, prepare: p}
	for _, d := range g.Shape {
		t.n *= d
	}
	for i := range g.Inputs {
		if i != g.Base {
			t.others = append(t.others, i)
		}
	}
	return t
}

// weights are the parameter weight of the models other than the base, rounded to
// the dtype as the values of a tensor are.
func (t *tensor[F]) weights() []float64 {
	w := make([]float64, len(t.others))
	for i, in := range t.others {
		w[i] = t.q(t.Inputs[in].Params["weight"])
	}
	return w
}

// block is a range of a tensor while it is computed.
type block[F number.Float] struct {
	first int64 // its first element
	x     [][]F // the inputs' elements
	out   []F

	raw   [][]byte // of the span that the block belongs to
	begin int64    // the span's first element
	room  [][]F
	used  int

	words  []uint32
	bits   []byte
	sorter sorter
}

const (
	// blockSize is how many elements are computed at a time: few enough for all
	// vectors of a computation to stay in a core's cache.
	blockSize = 4 << 10
	// spanSize is how many elements of an input are read at a time.
	spanSize = 128 << 10
)

// blockLen is the number of elements of a block: whole rows.
func (t *tensor[F]) blockLen() int64 { return max(blockSize/t.row, 1) * t.row }

// spanLen is the number of blocks that are read together. Sums are taken span by
// span, so that they do not depend on how many cores there are.
func (t *tensor[F]) spanLen() int64 { return max(spanSize/t.blockLen(), 1) }

// vec is a vector of the block's length for intermediate values. Its content is
// whatever was there.
func (b *block[F]) vec() []F {
	n := len(b.out)
	if b.used == len(b.room) {
		b.room = append(b.room, nil)
	}
	if cap(b.room[b.used]) < n {
		b.room[b.used] = make([]F, n)
	}
	v := b.room[b.used][:n]
	b.used++
	return v
}

// bitmap is room for n bytes of bits.
func (b *block[F]) bitmap(n int) []byte {
	if cap(b.bits) < n {
		b.bits = make([]byte, n)
	}
	return b.bits[:n]
}

// read reads the inputs' elements from begin to end.
func (b *block[F]) read(t *tensor[F], begin, end int64) error {
	b.raw, b.x = b.raw[:len(t.Inputs)], b.x[:len(t.Inputs)]
	b.begin = begin
	for i, in := range t.Inputs {
		width := in.DType.Bits() / 8
		n := int((end - begin) * width)
		if cap(b.raw[i]) < n {
			b.raw[i] = make([]byte, n)
		}
		b.raw[i] = b.raw[i][:n]
		if k, err := in.Bytes.ReadAt(b.raw[i], begin*width); k < n {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("reading tensor %q: %w", t.Name, err)
		}
	}
	return nil
}

// load makes the elements from first on the block's, rounded to the dtype of the
// computation.
func (b *block[F]) load(t *tensor[F], first int64, n int) {
	b.first = first
	if cap(b.out) < n {
		b.out = make([]F, n)
	}
	b.out, b.used = b.out[:n], 0
	for i, in := range t.Inputs {
		if cap(b.x[i]) < n {
			b.x[i] = make([]F, n)
		}
		b.x[i] = b.x[i][:n]
		number.Load(in.DType, b.x[i], b.raw[i][(first-b.begin)*in.DType.Bits()/8:])
		if in.DType != t.DType {
			number.Round(t.DType, b.x[i])
		}
	}
}

// each runs over the blocks from first to last-1, on all cores: each worker
// takes a span, reads it, and hands its blocks to the function that start made
// for it.
func (t *tensor[F]) each(first, last int64, start func() func(*block[F])) error {
	size, per := t.blockLen(), t.spanLen()
	spans := (last - first + per - 1) / per
	var next atomic.Int64
	work := func() error {
		b, pool := t.takeBlock()
		defer pool.Put(b)
		f := start()
		for i := next.Add(1) - 1; i < spans; i = next.Add(1) - 1 {
			k := first + i*per
			end := min(k+per, last)
			if err := b.read(t, k*size, min(end*size, t.n)); err != nil {
				next.Store(spans)
				return err
			}
			for ; k < end; k++ {
				b.load(t, k*size, int(min(size, t.n-k*size)))
				f(b)
			}
		}
		return nil
	}
	workers := min(int64(runtime.GOMAXPROCS(0)), spans)
	if workers < 2 {
		return work()
	}
	var g errgroup.Group
	for range workers {
		g.Go(work)
	}
	return g.Wait()
}

// scan hands every block of the tensor to f, several at a time.
func (t *tensor[F]) scan(f func(*block[F])) error {
	return t.each(0, t.count(), func() func(*block[F]) { return f })
}

// count is the number of blocks.
func (t *tensor[F]) count() int64 { return (t.n + t.blockLen() - 1) / t.blockLen() }

// sums adds up k numbers over the tensor; f adds a block's to s. The order of
// additions is always the same.
func (t *tensor[F]) sums(k int, f func(b *block[F], s []float64)) ([]float64, error) {
	per := t.spanLen() * t.blockLen()
	spans := (t.n + per - 1) / per
	parts := make([]float64, int(spans)*k)
	err := t.scan(func(b *block[F]) {
		at := int(b.first/per) * k
		f(b, parts[at:at+k])
	})
	total := make([]float64, k)
	for i, v := range parts {
		total[i%k] += v
	}
	return total, err
}

// ReadAt implements io.ReaderAt. The caller never reads past the tensor's end.
func (t *tensor[F]) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	t.once.Do(func() {
		if t.n > 0 {
			t.step, t.err = t.prepare(t)
		}
	})
	if t.err != nil {
		return 0, t.err
	}
	var wrong atomic.Pointer[NotFiniteError]
	width, size := t.Out.Bits()/8, t.blockLen()
	first := off / width / size
	last := (off + int64(len(p)) + width*size - 1) / (width * size)
	err := t.each(first, min(last, t.count()), func() func(*block[F]) {
		var edge []byte
		return func(b *block[F]) {
			t.step(b)
			if !finite(b.out) {
				if e := t.notFinite(b); e != nil {
					wrong.Store(e)
				}
			}
			if t.Out != t.DType && t.exact {
				number.Round(t.DType, b.out)
			}
			begin, n := b.first*width-off, int64(len(b.out))*width
			if begin >= 0 && begin+n <= int64(len(p)) {
				number.Store(t.Out, p[begin:begin+n], b.out)
				return
			}
			if int64(len(edge)) < n {
				edge = make([]byte, n)
			}
			number.Store(t.Out, edge[:n], b.out)
			if begin < 0 {
				copy(p, edge[-begin:n])
			} else {
				copy(p[begin:], edge[:n])
			}
		}
	})
	if e := wrong.Load(); err == nil && e != nil {
		err = e
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// prepare looks at a tensor as a whole, as far as the method must, and returns
// what computes one block of it.
type prepare[F number.Float] func(*tensor[F]) (step[F], error)

// step computes b.out from b.x.
type step[F number.Float] func(b *block[F])
