package merge

import (
	"io"
	"sort"
	"sync"

	"longcat/merge/number"
	"longcat/merge/safetensors"
)

// rowRun is rows of a matrix that was rearranged: N of them.
type rowRun struct {
	N     int64   `json:"n"`
	Kind  rowKind `json:"kind"`
	Input int     `json:"input,omitempty"` // of copied rows: whose
	Row   int64   `json:"row,omitempty"`   // the first of them there
	Of    []rowOf `json:"of,omitempty"`    // of a mean
}

// rowKind says where rows come from.
type rowKind string

const (
	copiedRows rowKind = "copy"
	zeroRows   rowKind = "zero"
	meanRow    rowKind = "mean" // of other models' rows, one row
	padding    rowKind = "pad"  // the mean of all rows before
)

// rowOf is a row of an input.
type rowOf struct {
	Input int   `json:"input"`
	Row   int64 `json:"row"`
}

// rearranged is the content of a matrix whose rows are those of several, in
// another order. All have equally many columns.
type rearranged struct {
	runs    []rowRun
	first   []int64 // row at which each run begins, and the number of all
	columns int64
	dtype   safetensors.DType // of the result
	inputs  []matrixSource

	padOnce sync.Once
	pad     []byte
	padErr  error
}

// matrixSource is a matrix that rows are taken from.
type matrixSource struct {
	io.ReaderAt
	dtype safetensors.DType
}

func newRearranged(runs []rowRun, columns int64, dtype safetensors.DType, inputs []matrixSource) *rearranged {
	m := &rearranged{runs: runs, columns: columns, dtype: dtype, inputs: inputs, first: []int64{0}}
	for _, r := range runs {
		m.first = append(m.first, m.first[len(m.first)-1]+r.N)
	}
	return m
}

// rowSize is the length of a row of a type in bytes.
func (m *rearranged) rowSize(t safetensors.DType) int64 {
	n, _ := t.Bytes([]int64{m.columns})
	return n
}

// ReadAt implements io.ReaderAt.
func (m *rearranged) ReadAt(p []byte, off int64) (n int, err error) {
	size := m.rowSize(m.dtype)
	rows := m.first[len(m.first)-1]
	if off < 0 || off >= rows*size {
		return 0, io.EOF
	}
	for len(p) > 0 && off < rows*size {
		row := off / size
		i := sort.Search(len(m.runs), func(i int) bool { return m.first[i+1] > row })
		end := min(m.first[i+1], (off+int64(len(p))+size-1)/size, row+max(1<<20/max(size, 1), 1))
		content, err := m.rowsOf(&m.runs[i], row-m.first[i], end-row)
		if err != nil {
			return n, err
		}
		k := copy(p, content[off-row*size:])
		n, off, p = n+k, off+int64(k), p[k:]
	}
	if len(p) > 0 {
		return n, io.EOF
	}
	return n, nil
}

// rowsOf is the content of k rows of a run, from its row number from on.
func (m *rearranged) rowsOf(r *rowRun, from, k int64) ([]byte, error) {
	switch r.Kind {
	case copiedRows:
		return m.copyRows(rowOf{r.Input, r.Row + from}, k)
	case meanRow:
		return m.mean(r.Of)
	case padding:
		m.padOnce.Do(m.readPadding)
		var out []byte
		for range k {
			out = append(out, m.pad...)
		}
		return out, m.padErr
	}
	return make([]byte, k*m.rowSize(m.dtype)), nil
}

// copyRows are k rows of an input in the result's type.
func (m *rearranged) copyRows(at rowOf, k int64) ([]byte, error) {
	in := m.inputs[at.Input]
	size := m.rowSize(in.dtype)
	raw := make([]byte, k*size)
	if _, err := in.ReadAt(raw, at.Row*size); err != nil && err != io.EOF {
		return nil, err
	}
	if in.dtype == m.dtype {
		return raw, nil
	}
	v := make([]float64, k*m.columns)
	number.Load(in.dtype, v, raw)
	out := make([]byte, k*m.rowSize(m.dtype))
	number.Store(m.dtype, out, v)
	return out, nil
}

// mean is the mean of rows, rounded after each addition as mergekit does.
func (m *rearranged) mean(of []rowOf) ([]byte, error) {
	sum, one := make([]float64, m.columns), make([]float64, m.columns)
	for _, at := range of {
		raw, err := m.copyRows(at, 1)
		if err != nil {
			return nil, err
		}
		number.Load(m.dtype, one, raw)
		number.Add(sum, sum, one)
		number.Round(m.dtype, sum)
	}
	number.Divide(sum, sum, float64(len(of)))
	out := make([]byte, m.rowSize(m.dtype))
	number.Store(m.dtype, out, sum)
	return out, nil
}

// readPadding computes the mean of all rows before the padding.
func (m *rearranged) readPadding() {
	sum := make([]float64, m.columns)
	one := make([]float64, m.columns)
	rows, size := int64(0), m.rowSize(m.dtype)
	for i := range m.runs {
		if m.runs[i].Kind == padding {
			break
		}
		for from := int64(0); from < m.runs[i].N; {
			k := min(m.runs[i].N-from, max(1<<20/max(size, 1), 1))
			content, err := m.rowsOf(&m.runs[i], from, k)
			if err != nil {
				m.padErr = err
				return
			}
			for j := range k {
				number.Load(m.dtype, one, content[j*size:(j+1)*size])
				number.Add(sum, sum, one)
			}
			from += k
			rows += k
		}
	}
	if rows > 0 {
		number.Divide(sum, sum, float64(rows))
	}
	m.pad = make([]byte, size)
	number.Store(m.dtype, m.pad, sum)
}
