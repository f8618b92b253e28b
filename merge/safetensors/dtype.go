package safetensors

// DType is the name of an element type as the header spells it.
type DType string

// The element types of the format.
const (
	Bool   DType = "BOOL"
	U8     DType = "U8"
	I8     DType = "I8"
	F8E5M2 DType = "F8_E5M2"
	F8E4M3 DType = "F8_E4M3"
	I16    DType = "I16"
	U16    DType = "U16"
	F16    DType = "F16"
	BF16   DType = "BF16"
	I32    DType = "I32"
	U32    DType = "U32"
	F32    DType = "F32"
	I64    DType = "I64"
	U64    DType = "U64"
	F64    DType = "F64"
)

// bits is the width of each element type. Those without a constant above are
// only ever copied.
var bits = map[DType]int64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	Bool: 8, U8: 8, I8: 8, F8E5M2: 8, F8E4M3: 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	I16: 16, U16: 16, F16: 16, BF16: 16,
	I32: 32, U32: 32, F32: 32,
	I64: 64, U64: 64, F64: 64, "C64": 64,
}

// Bits is the width of one element, or 0 for a name that the format does not have.
func (d DType) Bits() int64 { return bits[d] }

// Bytes is the size of a tensor of the given shape; not ok when it overflows,
// when elements narrower than a byte do not fill the last one, or when the
// dtype or a dimension is not valid.
func (d DType) Bytes(shape []int64) (n int64, ok bool) {
	n = d.Bits()
	if n == 0 {
		return 0, false
	}
	for _, dim := range shape {
		if dim < 0 {
			return 0, false
		}
		if n, ok = mulFits(n, dim); !ok {
			return 0, false
		}
	}
	return n / 8, n%8 == 0
}
