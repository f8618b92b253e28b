package mirror

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
)

// partWriter writes a file, or parts of it of at most size bytes.
type partWriter struct {
	path  string
	size  int64 // 0: one file
	parts []string
	file  *os.File
	left  int64 // that the current part may take
}

const unfinished = ".unfinished"

func (w *partWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if w.file == nil || w.size > 0 && w.left == 0 {
			if err := w.next(); err != nil {
				return n, err
			}
		}
		k := len(p)
		if w.size > 0 {
			k = int(min(int64(k), w.left))
		}
		k, err = w.file.Write(p[:k])
		n, w.left, p = n+k, w.left-int64(k), p[k:]
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// next ends a part and begins another.
func (w *partWriter) next() error {
	if err := w.end(); err != nil {
		return err
	}
	name := w.path
	if w.size > 0 {
		name = partName(w.path, len(w.parts)+1)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	file, err := os.Create(name + unfinished)
	if err != nil {
		return err
	}
	w.file, w.left, w.parts = file, w.size, append(w.parts, name)
	return nil
}

func (w *partWriter) end() error {
	if w.file == nil {
		return nil
	}
	err := errors.Join(w.file.Sync(), w.file.Close())
	w.file = nil
	return err
}

// publish renames the parts to their names, the first one last: without it there is
// no bundle.
func (w *partWriter) publish() error {
	if err := w.end(); err != nil {
		return err
	}
	for _, name := range slices.Backward(w.parts) {
		if err := os.Rename(name+unfinished, name); err != nil {
			return err
		}
	}
	return nil
}

func (w *partWriter) drop() {
	_ = w.end()
	for _, name := range w.parts {
		_ = os.Remove(name + unfinished)
	}
}

func partName(path string, n int) string { return fmt.Sprintf("%s.%03d", path, n) }

// partReader reads files one after the other as if they were one.
type partReader struct {
	files []*os.File
	ends  []int64
	size  int64
}

func openParts(path string) (*partReader, error) {
	base, numbered := strings.CutSuffix(path, ".001")
	if _, err := os.Stat(path); err != nil && !numbered {
		if _, err := os.Stat(partName(path, 1)); err == nil {
			base, numbered = path, true
		}
	}
	r := &partReader{}
	for n := 1; ; n++ {
		name := path
		if numbered {
			name = partName(base, n)
		}
		f, err := os.Open(name)
		if numbered && n > 1 && errors.Is(err, os.ErrNotExist) {
			return r, nil
		}
		if err == nil {
			err = r.add(f)
		}
		if err != nil {
			r.Close()
			return nil, err
		}
		if !numbered {
			return r, nil
		}
	}
}

func (r *partReader) add(f *os.File) error {
	r.files = append(r.files, f)
	st, err := f.Stat()
	if err != nil {
		return err
	}
	r.size += st.Size()
	r.ends = append(r.ends, r.size)
	return nil
}

// ReadAt implements io.ReaderAt.
func (r *partReader) ReadAt(p []byte, off int64) (n int, err error) {
	i := sort.Search(len(r.ends), func(i int) bool { return r.ends[i] > off })
	for ; i < len(r.files) && len(p) > 0; i++ {
		begin := int64(0)
		if i > 0 {
			begin = r.ends[i-1]
		}
		want := min(int64(len(p)), r.ends[i]-off)
		k, err := r.files[i].ReadAt(p[:want], off-begin)
		n, off, p = n+k, off+int64(k), p[k:]
		if int64(k) < want {
			return n, err
		}
	}
	if len(p) > 0 {
		return n, io.EOF
	}
	return n, nil
}

// Close closes the files.
func (r *partReader) Close() error {
	var errs []error
	for _, f := range r.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
