package merge

import (
	"encoding/binary"
	"io"
	"math"
	"sync"

	"longcat/merge/safetensors"
)

// computed is content made from a tensor's bytes: converted to another dtype,
// multiplied, converted again. Reads may start anywhere, even inside an
// element, and go through a buffer of fixed size.
type computed struct {
	src io.ReaderAt // the tensor's own bytes
	op  operation
}

// operation is what is done to each element, as mergekit does it: convert to
// work, multiply by scale, convert to out. Each conversion rounds to the
// nearest value, ties to even.
type operation struct {
	From  safetensors.DType `json:"from"`
	Work  safetensors.DType `json:"work"`
	Out   safetensors.DType `json:"out"`
	Scale float64           `json:"scale"`
}

// identity reports whether the operation changes nothing.
func (o operation) identity() bool { return o.From == o.Work && o.Work == o.Out && o.Scale == 1 }

// chunk is how many elements are computed at a time.
const chunk = 32 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 2*8*chunk); return &b }}

// ReadAt implements io.ReaderAt. The caller never reads past the tensor's end.
func (c computed) ReadAt(p []byte, off int64) (int, error) {
	in, out := c.op.From.Bits()/8, c.op.Out.Bits()/8
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	done := 0
	for done < len(p) {
		first := (off + int64(done)) / out
		skip := (off + int64(done)) % out
		n := min(chunk, (int64(len(p)-done)+skip+out-1)/out)
		src, dst := (*buf)[:n*in], (*buf)[8*chunk:8*chunk+n*out]
		if k, err := c.src.ReadAt(src, first*in); k < len(src) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
		c.op.apply(dst, src)
		done += copy(p[done:], dst[skip:])
	}
	return done, nil
}

// apply computes len(src)/size(From) elements. float32 holds every value of the
// narrower types, and arithmetic on them is done in it; float64 only where an
// operand is one.
func (o operation) apply(dst, src []byte) {
	in, out := int(o.From.Bits()/8), int(o.Out.Bits()/8)
	if o.From == safetensors.F64 || o.Work == safetensors.F64 || o.Out == safetensors.F64 {
		for i, j := 0, 0; i < len(src); i, j = i+in, j+out {
			v := o.round64(load64(o.From, src[i:]), o.Work)
			if o.Scale != 1 {
				v = o.multiply64(v)
			}
			store64(o.Out, dst[j:], v)
		}
		return
	}
	factor := float32(o.Scale)
	load, round, store := loader(o.From), rounder(o.Work), storer(o.Out)
	for i, j := 0, 0; i < len(src); i, j = i+in, j+out {
		v := load(src[i:])
		if o.From != o.Work {
			v = round(v)
		}
		if o.Scale != 1 {
			v = round(v * factor)
		}
		store(dst[j:], v)
	}
}

// multiply64 multiplies in the precision of Work, where torch does it.
func (o operation) multiply64(v float64) float64 {
	if o.Work == safetensors.F64 {
		return v * o.Scale
	}
	return o.round64(float64(float32(v)*float32(o.Scale)), o.Work)
}

func (o operation) round64(v float64, t safetensors.DType) float64 {
	if t == safetensors.F64 {
		return v
	}
	return float64(rounder(t)(float32(v)))
}

func load64(t safetensors.DType, b []byte) float64 {
	if t == safetensors.F64 {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return float64(loader(t)(b))
}

func store64(t safetensors.DType, b []byte, v float64) {
	if t == safetensors.F64 {
		binary.LittleEndian.PutUint64(b, math.Float64bits(v))
		return
	}
	storer(t)(b, float32(v))
}
