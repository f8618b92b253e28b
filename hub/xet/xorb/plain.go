package xorb

import (
	"io"
	"sort"

	"longcat/hub/xet/merkle"
)

// WithPlain is x and one more chunk, which is not compressed.
func (x Index) WithPlain(chunk merkle.Leaf) Index {
	return append(x, Entry{chunk, x.Packed() + headerSize + int64(chunk.Size)})
}

// OpenPlain serializes a xorb whose chunks stand in content one after the
// other, as it is read. Its index must have been made by WithPlain alone.
// Concurrent reads are fine if content allows them.
func OpenPlain(index Index, content io.ReaderAt) *io.SectionReader {
	return io.NewSectionReader(&plain{index, content}, 0, index.Packed())
}

type plain struct {
	index   Index
	content io.ReaderAt
}

// ReadAt implements io.ReaderAt.
func (p *plain) ReadAt(b []byte, offset int64) (n int, err error) {
	for n < len(b) {
		i := sort.Search(len(p.index), func(i int) bool { return p.index[i].End > offset })
		if i == len(p.index) {
			return n, io.EOF
		}
		start, end := p.index.Bytes(i, i+1)
		read := 0
		if at := offset - start; at < headerSize {
			size := int(p.index[i].Leaf.Size)
			read = copy(b[n:], appendHeader(nil, Plain, size, size)[at:])
		} else {
			want := b[n:min(int64(len(b)), int64(n)+end-offset)]
			read, err = p.content.ReadAt(want, offset-int64(i+1)*headerSize)
			if read < len(want) {
				if err == io.EOF { // it is shorter than the index says
					err = io.ErrUnexpectedEOF
				}
				return n + read, err
			}
		}
		n += read
		offset += int64(read)
	}
	return n, nil
}
