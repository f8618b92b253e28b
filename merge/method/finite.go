package method

import (
	"fmt"
	"math"

	"longcat/merge/number"
)

// NotFiniteError reports a NaN or an infinity in a model's tensor, out of which
// nothing useful can be computed.
type NotFiniteError struct {
	Tensor  string
	Input   int   // which model's
	Element int64 // in the tensor
	Value   float64
}

func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("%s has %v at element %d: nothing can be computed with it", e.Tensor, e.Value, e.Element)
}

// finite reports whether all elements are numbers.
func finite[F number.Float](x []F) bool {
	sum := number.AbsSum(x)
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// notFinite finds the input that a result is not finite for: nil if none is to
// blame, as where numbers grow too large for the dtype.
func (t *tensor[F]) notFinite(b *block[F]) *NotFiniteError {
	n := len(b.out)
	v := make([]float64, n)
	for i, in := range t.Inputs {
		number.Load(in.DType, v, b.raw[i][(b.first-b.begin)*in.DType.Bits()/8:])
		for k, x := range v {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return &NotFiniteError{t.Name, i, b.first + int64(k), x}
			}
		}
	}
	return nil
}
