package localhub

import (
	"io"
	"sync"
)

var copyBuffers = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// copyAll is io.Copy through a large buffer that is full each time, however
// little the source gives at once and whatever ReadFrom and WriteTo there are.
func copyAll(dst io.Writer, src io.Reader) (n int64, err error) {
	buf := copyBuffers.Get().(*[256 << 10]byte)
	defer copyBuffers.Put(buf)
	for {
		k := 0
		for k < len(buf) && err == nil { // unlike io.ReadFull, which hides a source that was cut off
			var m int
			m, err = src.Read(buf[k:])
			k += m
		}
		w, werr := dst.Write(buf[:k])
		n += int64(w)
		switch {
		case werr != nil:
			return n, werr
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}
