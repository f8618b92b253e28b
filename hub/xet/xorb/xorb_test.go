package xorb

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
)

func random(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

// weights is like a model's: random, but with few exponents, and float32 that
// was bfloat16 before.
func weights(n int) []byte {
	data := random(n)
	for i := range data {
		switch i % 4 {
		case 0, 1:
			data[i] = 0
		case 3:
			data[i] = 0x38 + data[i]%8
		}
	}
	return data
}

// samples are chunks of every scheme and of every length modulo four.
func samples() map[string][]byte {
	s := map[string][]byte{
		"longest": random(cdc.MaxSize),
		"zeros":   make([]byte, cdc.MaxSize),
		"weights": weights(70_000),
		"text":    []byte(strings.Repeat("all work and no play makes a dull chunk\n", 500)),
	}
	for n := 1; n < 10; n++ {
		s[strings.Repeat("i", n)] = random(n)
		s["weights"+strings.Repeat("i", n)] = weights(9000 + n)
	}
	return s
}

func pack(t testing.TB, chunks ...[]byte) ([]byte, Index) {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out)
	for _, data := range chunks {
		if err := w.Add(data); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes(), w.Index()
}

func TestWrittenChunksAreReadAgain(t *testing.T) {
	var chunks [][]byte
	for _, data := range samples() {
		chunks = append(chunks, data)
	}
	packed, index := pack(t, chunks...)
	if index.Packed() != int64(len(packed)) {
		t.Errorf("index says %d bytes, written were %d", index.Packed(), len(packed))
	}
	scanned, err := Scan(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(scanned, index) {
		t.Errorf("scanned index %v, want %v", scanned, index)
	}
	var leaves []merkle.Leaf
	for i, want := range chunks {
		leaves = append(leaves, merkle.Leaf{Hash: merkle.Chunk(want), Size: uint64(len(want))})
		from, to := index.Bytes(i, i+1)
		r := NewReader(bytes.NewReader(packed[from:to])) // any range stands alone
		if got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
			t.Errorf("chunk %d of %d bytes: got %d other bytes, %v", i, len(want), len(got), err)
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("chunk %d: then %v, want EOF", i, err)
		}
		if to-from > int64(len(want))+Overhead {
			t.Errorf("chunk %d of %d bytes took %d", i, len(want), to-from)
		}
	}
	if got, want := index.Hash(), merkle.Xorb(leaves); got != want {
		t.Errorf("hash %v, want %v", got, want)
	}
}

func TestWriterPicksTheSmallestScheme(t *testing.T) {
	for name, want := range map[string]Scheme{"longest": Plain, "zeros": LZ4, "text": LZ4, "weights": Grouped4LZ} {
		data := samples()[name]
		packed, _ := pack(t, data)
		if got := Scheme(packed[4]); got != want {
			t.Errorf("%s: scheme %d, want %d", name, got, want)
		}
		if want != Plain && len(packed) > len(data)*6/10 {
			t.Errorf("%s: %d bytes of %d", name, len(packed), len(data))
		}
	}
}

func TestGroup(t *testing.T) {
	data, grouped, back := []byte("abcdABCDxyz"), make([]byte, 11), make([]byte, 11)
	group(grouped, data)
	if want := "aAxbBycCzdD"; string(grouped) != want {
		t.Errorf("got %s, want %s", grouped, want)
	}
	if ungroup(back, grouped); !bytes.Equal(back, data) {
		t.Errorf("back: %s, want %s", back, data)
	}
}

// TestReferencesXorb reads what hf_xet sent: three schemes in five chunks. See
// ../testdata/record.py.
func TestReferencesXorb(t *testing.T) {
	packed, err := os.ReadFile("testdata/hf_xet.xorb")
	if err != nil {
		t.Fatal(err)
	}
	for _, tail := range []string{"", "XETB", "XETBLOB\x01 and a footer"} {
		index, err := Scan(io.MultiReader(bytes.NewReader(packed), strings.NewReader(tail)))
		if err != nil {
			t.Fatal(err)
		}
		// The address to which hf_xet sent it, as the shard of the same upload
		// has it.
		const want = "78c156eff0f45b751cdfa17b3148cdccc3efc987de9bded31f88ecdf9f49469f"
		if got := index.Hash().String(); got != want || len(index) != 5 || index.Size() != 313119 || index.Packed() != int64(len(packed)) {
			t.Errorf("with tail %q: xorb %s of %d chunks, %d bytes, packed %d", tail, got, len(index), index.Size(), index.Packed())
		}
	}
}

func TestWriterKeepsTheBounds(t *testing.T) {
	w := NewWriter(io.Discard)
	for name, data := range map[string][]byte{"nothing": {}, "too much": make([]byte, cdc.MaxSize+1)} {
		if err := w.Add(data); err == nil {
			t.Errorf("added %s", name)
		}
	}
	chunk := random(cdc.TargetSize)
	for end, fits := range map[int64]bool{
		MaxBytes - cdc.TargetSize - Overhead:     true,
		MaxBytes - cdc.TargetSize - Overhead + 1: false,
	} {
		w.index = Index{{End: end}}
		if err := w.Add(chunk); (err == nil) != fits || !fits && !errors.Is(err, ErrFull) {
			t.Errorf("added to %d bytes: %v", end, err)
		}
	}
	w.index = make(Index, MaxChunks)
	if err := w.Add(chunk); !errors.Is(err, ErrFull) {
		t.Errorf("chunk %d: %v", MaxChunks+1, err)
	}
}

func TestFits(t *testing.T) {
	const n = 500
	for _, test := range []struct {
		chunks      int
		total, size int64
		want        bool
	}{
		{0, 0, cdc.MaxSize, true},
		{n, MaxBytes - 100 - (n+1)*Overhead, 100, true},
		{n, MaxBytes - 100 - (n+1)*Overhead, 101, false},
		{MaxChunks - 1, MaxChunks, 1, true},
		{MaxChunks, MaxChunks, 1, false},
	} {
		if got := Fits(test.chunks, test.total, test.size); got != test.want {
			t.Errorf("%d bytes after %d in %d chunks: got %v", test.size, test.total, test.chunks, got)
		}
	}
}

func TestReaderRefusesWhatIsMalformed(t *testing.T) {
	good, _ := pack(t, []byte("chunk zero"), bytes.Repeat([]byte("one"), 1000))
	second := headerSize + len("chunk zero")
	change := func(offset int, b ...byte) []byte {
		bad := slices.Clone(good)
		copy(bad[offset:], b)
		return bad
	}
	for name, bad := range map[string][]byte{
		"nothing":                nil,
		"version":                change(second, 1),
		"scheme":                 change(second+4, 3),
		"length of zero":         change(second+5, 0, 0, 0),
		"length over the bound":  change(second+5, 1, 0, 2),
		"packed over the bound":  change(second+1, 1, 0, 4),
		"plain with two lengths": change(5, 9),
		"unpacks to more":        change(second+5, 0xb7, 0x0b),
		"unpacks to less":        change(second+5, 0xb9, 0x0b),
		"no frame":               change(second+headerSize, 0, 0, 0, 0),
		"cut in data":            good[:len(good)-1],
		"cut in a header":        good[:second+3],
		"cut before data":        good[:second+headerSize],
	} {
		index, err := Scan(bytes.NewReader(bad))
		if _, ok := errors.AsType[*FormatError](err); !ok || index != nil {
			t.Errorf("%s: got %v, %v, want a FormatError", name, index, err)
		}
		if cut := strings.HasPrefix(name, "cut"); cut != errors.Is(err, io.ErrUnexpectedEOF) && cut {
			t.Errorf("%s: %v is no unexpected EOF", name, err)
		}
	}
	broken := errors.New("broken pipe")
	if _, err := Scan(io.MultiReader(bytes.NewReader(good[:30]), brokenReader{broken})); !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's own error", err)
	}
	tooMany := bytes.Repeat(good[:second], MaxChunks+1)
	if _, err := Scan(bytes.NewReader(tooMany)); err == nil {
		t.Error("took more chunks than a xorb may have")
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func TestReaderAllocatesNothing(t *testing.T) {
	packed, _ := pack(t, weights(60_000))
	packed = bytes.Repeat(packed, 100)
	r := NewReader(bytes.NewReader(packed))
	n := testing.AllocsPerRun(98, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a chunk, want none", n)
	}
}

func FuzzScan(f *testing.F) {
	good, _ := pack(f, []byte("chunk zero"), weights(9000), make([]byte, 9000))
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add([]byte("\x00\x01\x00\x00\x00\x01\x00\x00aXETBLOB"))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := Scan(bytes.NewReader(data))
		if err != nil {
			return
		}
		if index.Packed() > int64(len(data)) {
			t.Fatalf("index of %d bytes from %d", index.Packed(), len(data))
		}
		var chunks [][]byte
		for r := NewReader(bytes.NewReader(data)); ; {
			chunk, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			chunks = append(chunks, bytes.Clone(chunk))
		}
		again, _ := pack(t, chunks...)
		rescanned, err := Scan(bytes.NewReader(again))
		if err != nil || rescanned.Hash() != index.Hash() {
			t.Errorf("packed again: hash %v, %v, want %v", rescanned.Hash(), err, index.Hash())
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	for name, data := range map[string][]byte{"random": random(cdc.TargetSize), "weights": weights(cdc.TargetSize)} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			w := NewWriter(io.Discard)
			for b.Loop() {
				if w.index = w.index[:0]; w.Add(data) != nil {
					b.Fatal("can not add")
				}
			}
		})
	}
}
