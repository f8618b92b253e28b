package lora

import (
	"fmt"
	"io"
	"math"
	"runtime"
	"sync"

	"longcat/merge/number"
	"longcat/merge/safetensors"

	"golang.org/x/sync/errgroup"
)

// Matrix is a tensor of two axes.
type Matrix struct {
	Bytes      io.ReaderAt
	DType      safetensors.DType
	Rows, Cols int64
}

// Update is a weight with an adapter merged into it: W + scale·B·A, computed in
// float64 and rounded once to W's dtype. With a magnitude (DoRA), each row of that
// is then given the length that the magnitude says. ReadAt gives its bytes; reads
// may start anywhere and run concurrently.
type Update struct {
	Weight    Matrix
	A, B      Matrix // rank × in, out × rank
	Magnitude *Matrix
	Scale     float64
	// Transposed: the weight's rows are inputs, so that (B·A) is turned over. It
	// excludes Magnitude.
	Transposed bool
	// Factors remembers A and B between reads; nil reads them each time.
	Factors *Factors
}

// Factors remembers what the last updates that were read multiply. Safe for
// concurrent use.
type Factors struct {
	mu   sync.Mutex
	of   [2]*Update
	have [2]*factors
	next int
}

// factors are the matrices of a product: left has a row for each row of the
// weight, right one for each of the rank.
type factors struct {
	rank        int64
	left, right []float64
	magnitude   []float64
}

// load reads a matrix.
func (m Matrix) load() ([]float64, error) {
	n := m.Rows * m.Cols
	raw := make([]byte, n*m.DType.Bits()/8)
	if k, err := m.Bytes.ReadAt(raw, 0); k < len(raw) {
		if err == nil || err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	v := make([]float64, n)
	number.Load(m.DType, v, raw)
	return v, nil
}

// turned is a matrix with rows and columns changed.
func turned(v []float64, rows, cols int64) []float64 {
	out := make([]float64, len(v))
	for i := range rows {
		for j := range cols {
			out[j*rows+i] = v[i*cols+j]
		}
	}
	return out
}

func (u *Update) load() (*factors, error) {
	a, err := u.A.load()
	if err != nil {
		return nil, fmt.Errorf("reading an adapter: %w", err)
	}
	b, err := u.B.load()
	if err != nil {
		return nil, fmt.Errorf("reading an adapter: %w", err)
	}
	f := &factors{rank: u.A.Rows, left: b, right: a}
	if u.Transposed {
		f.left, f.right = turned(a, u.A.Rows, u.A.Cols), turned(b, u.B.Rows, u.B.Cols)
	}
	if u.Magnitude != nil {
		if f.magnitude, err = u.Magnitude.load(); err != nil {
			return nil, fmt.Errorf("reading an adapter: %w", err)
		}
	}
	return f, nil
}

// get is the update's factors, read if they are not remembered.
func (c *Factors) get(u *Update) (*factors, error) {
	if c == nil {
		return u.load()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, of := range c.of {
		if of == u {
			return c.have[i], nil
		}
	}
	f, err := u.load()
	if err != nil {
		return nil, err
	}
	c.of[c.next], c.have[c.next] = u, f
	c.next = (c.next + 1) % len(c.of)
	return f, nil
}

// ReadAt implements io.ReaderAt. The caller never reads past the end.
func (u *Update) ReadAt(p []byte, off int64) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	f, err := u.Factors.get(u)
	if err != nil {
		return 0, err
	}
	length := u.Weight.Cols * u.Weight.DType.Bits() / 8 // of a row
	first, last := off/length, (off+int64(len(p))-1)/length
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	const together = 16
	for from := first; from <= last; from += together {
		g.Go(func() error {
			row, v, d := make([]byte, length), make([]float64, u.Weight.Cols), make([]float64, u.Weight.Cols)
			for i := from; i <= min(from+together-1, last); i++ {
				if k, err := u.Weight.Bytes.ReadAt(row, i*length); k < len(row) {
					if err == nil || err == io.EOF {
						err = io.ErrUnexpectedEOF
					}
					return err
				}
				u.row(f, i, row, v, d)
				if at := i*length - off; at < 0 {
					copy(p, row[-at:])
				} else {
					copy(p[at:], row)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// row updates row i; v and d are scratch.
func (u *Update) row(f *factors, i int64, row []byte, v, d []float64) {
	number.Load(u.Weight.DType, v, row)
	clear(d)
	cols := u.Weight.Cols
	for k := range f.rank {
		number.MulAdd(d, f.right[k*cols:(k+1)*cols], f.left[i*f.rank+k])
	}
	number.MulAdd(v, d, u.Scale)
	if f.magnitude != nil {
		number.Scale(v, v, f.magnitude[i]/math.Sqrt(number.Dot(v, v)))
	}
	number.Store(u.Weight.DType, row, v)
}
