package shard

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"longcat/hub/xet/merkle"
)

func hash(name string) merkle.Hash { return merkle.Chunk([]byte(name)) }

// sample has a file of two terms with all that a file can have, one without
// any terms, and two xorbs.
func sample() *Shard {
	sum := sha256.Sum256([]byte("content"))
	return &Shard{
		Files: []File{
			{Hash: hash("file"), Verified: true, SHA256: &sum, Terms: []Term{
				{Xorb: hash("x"), First: 1, End: 3, Size: 70_000, Verification: hash("v1")},
				{Xorb: hash("y"), First: 0, End: 1, Size: 5, Verification: hash("v2")},
			}},
			{Verified: true},
		},
		Xorbs: []Xorb{
			{Hash: hash("x"), Packed: 99, Chunks: []Chunk{{hash("a"), 131_072}, {hash("b"), 60_000}, {hash("c"), 10_000}}},
			{Hash: hash("y"), Chunks: []Chunk{{hash("d"), 5}}},
		},
	}
}

func written(t testing.TB, s *Shard, footer *Footer) []byte {
	t.Helper()
	var b bytes.Buffer
	var err error
	if footer == nil {
		err = Write(&b, s)
	} else {
		err = WriteWithFooter(&b, s, *footer)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWrittenShardsAreReadAgain(t *testing.T) {
	unverified := sample()
	for i := range unverified.Files {
		unverified.Files[i].Verified = false
		for j := range unverified.Files[i].Terms {
			unverified.Files[i].Terms[j].Verification = merkle.Hash{}
		}
	}
	unverified.Files[0].SHA256 = nil
	for name, s := range map[string]*Shard{"empty": {}, "verified": sample(), "unverified": unverified} {
		for _, footer := range []*Footer{nil, {}, {Created: 12, Expires: 34}} {
			b := written(t, s, footer)
			want := Size(s)
			if footer != nil {
				want += footerSize
			}
			if int64(len(b)) != want {
				t.Errorf("%s: %d bytes, want %d", name, len(b), want)
			}
			got, gotFooter, err := Read(bytes.NewReader(b))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(s, got); diff != "" {
				t.Errorf("%s: -want +got:\n%s", name, diff)
			}
			if diff := cmp.Diff(footer, gotFooter); diff != "" {
				t.Errorf("%s: footer: -want +got:\n%s", name, diff)
			}
		}
	}
}

func TestKeyHidesChunkHashes(t *testing.T) {
	key := hash("key")
	s, footer, err := Read(bytes.NewReader(written(t, sample(), &Footer{Key: key})))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.Xorbs[1].Chunks[0].Hash, hash("d").Keyed(footer.Key); got != want || footer.Key != key {
		t.Errorf("got %v under %v, want %v", got, footer.Key, want)
	}
	if s.Xorbs[1].Hash != hash("y") {
		t.Error("the xorb's own hash was hidden too")
	}
}

// TestReferencesShards reads what hf_xet and its test server sent, and writes
// the same bytes again. See ../testdata/record.py.
func TestReferencesShards(t *testing.T) {
	upload, err := os.ReadFile("testdata/hf_xet.upload")
	if err != nil {
		t.Fatal(err)
	}
	s, footer, err := Read(bytes.NewReader(upload))
	if err != nil || footer != nil || len(s.Files) != 1 || len(s.Xorbs) != 1 {
		t.Fatalf("got %+v, %v, %v", s, footer, err)
	}
	if again := written(t, s, nil); !bytes.Equal(again, upload) {
		t.Errorf("written again:\n%x\nwant\n%x", again, upload)
	}

	file, x := s.Files[0], s.Xorbs[0]
	var leaves []merkle.Leaf
	verification := merkle.NewRange()
	for _, c := range x.Chunks {
		leaves = append(leaves, merkle.Leaf{Hash: c.Hash, Size: uint64(c.Size)})
		verification.Add(c.Hash)
	}
	if got := merkle.Xorb(leaves); got != x.Hash {
		t.Errorf("xorb is named %v, its chunks give %v", x.Hash, got)
	}
	if got := merkle.File(leaves); got != file.Hash {
		t.Errorf("file is named %v, its chunks give %v", file.Hash, got)
	}
	if got := verification.Sum(); got != file.Terms[0].Verification {
		t.Errorf("verification hash is %v, its chunks give %v", file.Terms[0].Verification, got)
	}
	// The sha256 that hf_xet told of the file.
	const want = "54bf9cf59438c335558c27f6c32ef294cd67ac87b635166563c2f98acf391ba1"
	if got := hex.EncodeToString(file.SHA256[:]); got != want || file.Size() != 313119 {
		t.Errorf("sha256 %s of %d bytes, want %s", got, file.Size(), want)
	}

	dedup, err := os.ReadFile("testdata/hf_xet.dedup")
	if err != nil {
		t.Fatal(err)
	}
	s, footer, err = Read(bytes.NewReader(dedup))
	if err != nil || footer == nil {
		t.Fatalf("got %v, %v", footer, err)
	}
	if diff := cmp.Diff([]Xorb{x}, s.Xorbs); diff != "" {
		t.Errorf("xorbs of the answer: -want +got:\n%s", diff)
	}
}

func TestReadPassesOverLookupTables(t *testing.T) {
	b := written(t, sample(), &Footer{Created: 7})
	body, footer := b[:len(b)-footerSize], slices.Clone(b[len(b)-footerSize:])
	for _, tables := range []int{1, 199, 200, 201, 5000} {
		le.PutUint64(footer[footerSize-8:], uint64(len(body)+tables))
		with := slices.Concat(body, make([]byte, tables), footer)
		if _, f, err := Read(bytes.NewReader(with)); err != nil || f.Created != 7 {
			t.Errorf("%d bytes of tables: got %v, %v", tables, f, err)
		}
	}
}

func TestReadRefusesWhatIsMalformed(t *testing.T) {
	upload, stored := written(t, sample(), nil), written(t, sample(), &Footer{})
	change := func(b []byte, record, field int, value uint32) []byte {
		bad := slices.Clone(b)
		le.PutUint32(bad[record*RecordSize+32+4*field:], value)
		return bad
	}
	// Records: 0 header, 1 file, 2-3 terms, 4-5 verification, 6 sha256, 7 file,
	// 8 bookend, 9 xorb, 10-12 chunks, 13 xorb, 14 chunk, 15 bookend.
	for name, bad := range map[string][]byte{
		"nothing":                    nil,
		"tag":                        append([]byte("x"), upload[1:]...),
		"header version":             change(upload, 0, 0, 3),
		"footer length":              change(upload, 0, 2, 100),
		"term without chunks":        change(upload, 2, 3, 1),
		"term without bytes":         change(upload, 2, 1, 0),
		"term with too many bytes":   change(upload, 3, 1, 131_073),
		"four billion terms":         change(upload, 1, 1, math.MaxUint32),
		"only one file verified":     change(upload, 7, 0, 0),
		"chunk at another place":     change(upload, 11, 0, 131_073),
		"chunk that is too long":     change(upload, 10, 1, 131_073),
		"chunk of no bytes":          change(upload, 14, 1, 0),
		"xorb with another size":     change(upload, 13, 2, 6),
		"four billion chunks":        change(upload, 9, 1, math.MaxUint32),
		"no footer but more":         append(slices.Clone(upload), 0),
		"footer missing":             stored[:len(stored)-footerSize],
		"footer cut off":             stored[:len(stored)-1],
		"footer version":             change(stored, 15, 4, 2),
		"footer that is elsewhere":   append(slices.Clone(stored[:len(stored)-8]), 1, 0, 0, 0, 0, 0, 0, 0),
		"cut off after the header":   upload[:RecordSize],
		"cut off inside a record":    upload[:3*RecordSize-1],
		"cut off before the bookend": upload[:len(upload)-RecordSize],
	} {
		s, footer, err := Read(bytes.NewReader(bad))
		if _, ok := errors.AsType[*FormatError](err); !ok || s != nil || footer != nil {
			t.Errorf("%s: got %v, %v, %v, want a FormatError", name, s, footer, err)
		}
	}
	broken := errors.New("broken pipe")
	_, _, err := Read(io.MultiReader(bytes.NewReader(upload[:100]), brokenReader{broken}))
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's own error", err)
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

// endless is a shard whose first file never ends.
type endless struct{ header *bytes.Reader }

func (e endless) Read(b []byte) (int, error) {
	if e.header.Len() > 0 {
		return e.header.Read(b)
	}
	clear(b)
	return len(b), nil
}

func TestReadEndsAtTheBound(t *testing.T) {
	upload := written(t, sample(), nil)
	le.PutUint32(upload[RecordSize+36:], math.MaxUint32) // terms of the first file
	valid := bytes.Repeat(upload[2*RecordSize:3*RecordSize], 1<<10)
	terms := io.MultiReader(bytes.NewReader(upload[:2*RecordSize]), repeated{valid}.reader())
	if _, _, err := Read(terms); err == nil {
		t.Error("read an endless shard")
	}
	if _, _, err := Read(endless{bytes.NewReader(written(t, &Shard{}, &Footer{}))}); err == nil {
		t.Error("read an endless footer")
	}
}

type repeated struct{ b []byte }

func (r repeated) reader() io.Reader {
	readers := make([]io.Reader, MaxBytes/len(r.b)+2)
	for i := range readers {
		readers[i] = bytes.NewReader(r.b)
	}
	return io.MultiReader(readers...)
}

func TestVisitorsErrorEndsTheReading(t *testing.T) {
	stop := errors.New("stop")
	b := written(t, sample(), nil)
	for name, v := range map[string]Visitor{
		"file": {File: func(File) error { return stop }},
		"xorb": {Xorb: func(Xorb) error { return stop }},
	} {
		if _, err := Visit(bytes.NewReader(b), v); !errors.Is(err, stop) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Visit(bytes.NewReader(b), Visitor{}); err != nil {
		t.Errorf("passing over all: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, sample(), nil))
	f.Add(written(f, sample(), &Footer{Key: hash("key"), Expires: 9}))
	for _, name := range []string{"testdata/hf_xet.upload", "testdata/hf_xet.dedup"} {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, footer, err := Read(bytes.NewReader(b))
		if err != nil {
			return
		}
		if footer != nil {
			footer.Key = merkle.Hash{} // the hashes are hidden already
		}
		got, _, err := Read(bytes.NewReader(written(t, s, footer)))
		if err != nil {
			t.Fatalf("written again: %v", err)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Errorf("written again: -want +got:\n%s", diff)
		}
	})
}

func Example() {
	s := &Shard{Xorbs: []Xorb{{
		Hash:   merkle.Xorb([]merkle.Leaf{{Hash: hash("chunk"), Size: 5}}),
		Chunks: []Chunk{{Hash: hash("chunk"), Size: 5}},
	}}}
	var b bytes.Buffer
	if err := Write(&b, s); err != nil {
		fmt.Println(err)
	}
	read, _, err := Read(&b)
	fmt.Println(len(read.Xorbs), "xorb of", read.Xorbs[0].Size(), "bytes", err)
	// Output: 1 xorb of 5 bytes <nil>
}
