package merge

import (
	"io"
	"sync"

	"longcat/merge/number"
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
const chunk = 16 << 10

// workspace is what one computation needs: room for a chunk's bytes before and
// after, and for its values.
type workspace struct {
	in, out [8 * chunk]byte
	values  [chunk]float32
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// Sources implements parts.Computed.
func (c computed) Sources() []io.ReaderAt { return []io.ReaderAt{c.src} }

// ReadAt implements io.ReaderAt. The caller never reads past the tensor's end.
func (c computed) ReadAt(p []byte, off int64) (int, error) {
	in, out := c.op.From.Bits()/8, c.op.Out.Bits()/8
	w := workspaces.Get().(*workspace)
	defer workspaces.Put(w)
	done := 0
	for done < len(p) {
		first := (off + int64(done)) / out
		skip := (off + int64(done)) % out
		n := min(chunk, (int64(len(p)-done)+skip+out-1)/out)
		src, dst := w.in[:n*in], w.out[:n*out]
		if k, err := c.src.ReadAt(src, first*in); k < len(src) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
		c.op.apply(dst, src, w.values[:n])
		done += copy(p[done:], dst[skip:])
	}
	return done, nil
}

// apply computes len(v) elements. float32 holds every value of the narrower
// types, and arithmetic on them is done in it, as torch does; float64 only where
// one of the types is float64.
func (o operation) apply(dst, src []byte, v []float32) {
	if o.From == safetensors.F64 || o.Work == safetensors.F64 || o.Out == safetensors.F64 {
		o.apply64(dst, src, v)
		return
	}
	number.Load(o.From, v, src)
	again := o.Work != o.Out // else storing rounds to Work
	if o.From != o.Work && (o.Scale != 1 || again) {
		number.Round(o.Work, v)
	}
	if o.Scale != 1 {
		scale(v, float32(o.Scale))
		if again {
			number.Round(o.Work, v)
		}
	}
	number.Store(o.Out, dst, v)
}

// apply64 is apply where a type is float64. Values are multiplied in the
// precision of Work.
func (o operation) apply64(dst, src []byte, v []float32) {
	wide := make([]float64, len(v))
	number.Load(o.From, wide, src)
	number.Round(o.Work, wide)
	switch {
	case o.Scale == 1:
	case o.Work == safetensors.F64:
		scale(wide, o.Scale)
	default:
		for i, x := range wide {
			v[i] = float32(x)
		}
		scale(v, float32(o.Scale))
		number.Round(o.Work, v)
		for i, x := range v {
			wide[i] = float64(x)
		}
	}
	number.Store(o.Out, dst, wide)
}

func scale[F number.Float](v []F, factor F) {
	for i := range v {
		v[i] *= factor
	}
}
