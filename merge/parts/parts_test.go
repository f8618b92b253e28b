package parts_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"longcat/merge/parts"
)

// twice is computed: each byte of its source doubled.
type twice struct{ src io.ReaderAt }

func (t twice) ReadAt(p []byte, off int64) (int, error) {
	n, err := t.src.ReadAt(p, off)
	for i := range p[:n] {
		p[i] *= 2
	}
	return n, err
}
func (t twice) Sources() []io.ReaderAt { return []io.ReaderAt{t.src} }

// sample is content of all kinds of parts, some of them empty.
func sample(t *testing.T) (*parts.List, []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(name, []byte("0123456789"), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	var inner, l parts.List
	inner.Add(parts.Bytes("in"), 2)
	inner.Add(f, 1)
	l.Add(parts.Bytes(nil), 0)
	l.Add(parts.Bytes("head"), 4)
	l.Add(io.NewSectionReader(f, 3, 4), 4)
	l.Add(twice{parts.Bytes{1, 2, 3}}, 3)
	l.Add(parts.Bytes("x"), 0)
	l.Add(&inner, 3)
	return &l, []byte("head3456\x02\x04\x06in0")
}

func TestReadAt(t *testing.T) {
	l, want := sample(t)
	if l.Size() != int64(len(want)) {
		t.Fatalf("%d bytes, want %d", l.Size(), len(want))
	}
	if err := iotest.TestReader(io.NewSectionReader(l, 0, l.Size()), want); err != nil {
		t.Error(err)
	}
	for from := range want {
		for to := from; to <= len(want); to++ {
			got := make([]byte, to-from)
			if _, err := l.ReadAt(got, int64(from)); err != nil || !bytes.Equal(got, want[from:to]) {
				t.Errorf("[%d:%d] is %q, %v", from, to, got, err)
			}
			got = got[:0]
			err := l.Range(int64(from), int64(to-from), func(r *io.SectionReader) error {
				part, err := io.ReadAll(r)
				got = append(got, part...)
				return err
			})
			if err != nil || !bytes.Equal(got, want[from:to]) {
				t.Errorf("range [%d:%d] is %q, %v", from, to, got, err)
			}
		}
	}
}

// TestShort wants a part that ends early to be an error, not the next one's
// bytes in its place.
func TestShort(t *testing.T) {
	var l parts.List
	l.Add(parts.Bytes("ab"), 3)
	l.Add(parts.Bytes("cd"), 2)
	n, err := l.ReadAt(make([]byte, 5), 0)
	if n != 2 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if _, err := l.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("read before the beginning")
	}
	if n, err := l.ReadAt(make([]byte, 1), 5); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v", n, err)
	}
}

func TestFiles(t *testing.T) {
	l, _ := sample(t)
	if files := parts.Files(l); len(files) != 1 {
		t.Errorf("%d files", len(files))
	}
	name := filepath.Join(t.TempDir(), "g")
	if err := os.WriteFile(name, []byte{1}, 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	l.Add(twice{io.NewSectionReader(f, 0, 1)}, 1)
	if files := parts.Files(io.NewSectionReader(l, 0, 2)); len(files) != 2 || files[1] != f {
		t.Errorf("%v", files)
	}
}
