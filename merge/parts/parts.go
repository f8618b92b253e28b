// Package parts gives content that is made of parts as random access, though it
// is written nowhere: each read goes to the parts that it touches. Who copies
// such content can look into it, and let the kernel copy ranges of files.
package parts

import (
	"errors"
	"io"
	"os"
	"slices"
	"sort"
)

// List is parts, one after the other. Reads may run concurrently, as far as
// those of the parts may. The zero value is empty.
type List struct {
	ends  []int64 // offsets after each part
	parts []io.ReaderAt
}

// Add appends a part of size bytes.
func (l *List) Add(r io.ReaderAt, size int64) {
	l.parts = append(l.parts, r)
	l.ends = append(l.ends, l.Size()+size)
}

// Size is the number of bytes.
func (l *List) Size() int64 {
	if len(l.ends) == 0 {
		return 0
	}
	return l.ends[len(l.ends)-1]
}

// start is the offset of part i.
func (l *List) start(i int) int64 {
	if i == 0 {
		return 0
	}
	return l.ends[i-1]
}

// at finds the part that holds the byte at off.
func (l *List) at(off int64) int {
	return sort.Search(len(l.ends), func(i int) bool { return l.ends[i] > off })
}

// ReadAt implements io.ReaderAt.
func (l *List) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("parts: negative offset")
	}
	done := 0
	for i := l.at(off); done < len(p) && i < len(l.parts); i++ {
		at := off + int64(done)
		want := p[done:min(int64(len(p)), int64(done)+l.ends[i]-at)]
		n, err := l.parts[i].ReadAt(want, at-l.start(i))
		done += n
		if n < len(want) {
			if err == nil || err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return done, err
		}
	}
	if done < len(p) {
		return done, io.EOF
	}
	return done, nil
}

// Range calls do with what makes up n bytes from off on, in order, until an
// error.
func (l *List) Range(off, n int64, do func(*io.SectionReader) error) error {
	for i := l.at(off); n > 0 && i < len(l.parts); i++ {
		take := min(n, l.ends[i]-off)
		if err := do(io.NewSectionReader(l.parts[i], off-l.start(i), take)); err != nil {
			return err
		}
		off, n = off+take, n-take
	}
	return nil
}

// Bytes is bytes as random access.
type Bytes []byte

// ReadAt implements io.ReaderAt.
func (b Bytes) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > int64(len(b)) {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Computed is content whose bytes are worked out from those of others.
type Computed interface {
	io.ReaderAt
	Sources() []io.ReaderAt
}

// Files lists the open files that content is taken from, each once.
func Files(content io.ReaderAt) []*os.File {
	var files []*os.File
	var walk func(r io.ReaderAt)
	walk = func(r io.ReaderAt) {
		switch r := r.(type) {
		case *io.SectionReader:
			outer, _, _ := r.Outer()
			walk(outer)
		case *List:
			for _, part := range r.parts {
				walk(part)
			}
		case Computed:
			for _, src := range r.Sources() {
				walk(src)
			}
		case *os.File:
			if !slices.Contains(files, r) {
				files = append(files, r)
			}
		}
	}
	walk(content)
	return files
}
