package cas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/xorb"
)

var now = time.Date(2026, 9, 22, 17, 0, 0, 0, time.UTC)

// shelf is a Store and the objects beside it.
type shelf struct {
	testing.TB
	*Store
	dir string
}

func newShelf(t testing.TB) *shelf {
	s := &shelf{TB: t, dir: t.TempDir()}
	s.reopen()
	return s
}

func (s *shelf) object(sha256 string) string { return filepath.Join(s.dir, "object-"+sha256) }

func (s *shelf) reopen() {
	s.Helper()
	var err error
	s.Store, err = Open(Options{
		Dir:       filepath.Join(s.dir, "xet"),
		EmptyTemp: os.RemoveAll,
		Publish: func(f *os.File, final string) error {
			return errors.Join(os.MkdirAll(filepath.Dir(final), 0o755), f.Close(), os.Rename(f.Name(), final))
		},
		Object: func(sha256 string) (*os.File, error) { return os.Open(s.object(sha256)) },
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shelf) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// random is n bytes that no two seeds share.
func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func sum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// convert keeps content as an object and adds what it is made of.
func (s *shelf) convert(content []byte) *File {
	s.Helper()
	s.ok(os.WriteFile(s.object(sum(content)), content, 0o644))
	f, err := s.Convert(s.Context(), sum(content))
	s.ok(err)
	_, err = s.Add(f)
	s.ok(err)
	return f
}

// pack cuts content into chunks and packs them into a xorb.
func pack(t testing.TB, content []byte) (packed []byte, index xorb.Index) {
	t.Helper()
	var b bytes.Buffer
	w := xorb.NewWriter(&b)
	var c cdc.Cutter
	start := 0
	for _, end := range append(c.Cut(nil, content), len(content)) {
		if end > start {
			if err := w.Add(content[start:end]); err != nil {
				t.Fatal(err)
			}
		}
		start = end
	}
	return b.Bytes(), w.Index()
}

// send puts content there as a xorb of ann's, and gives the claim that it is a
// file.
func (s *shelf) send(content []byte) *shard.File {
	s.Helper()
	packed, index := pack(s, content)
	added, err := s.PutXorb(index.Hash(), "ann", now.Add(time.Hour), bytes.NewReader(packed))
	s.ok(err)
	if !added {
		s.Error("a new xorb was there already")
	}
	return claimOf(content, part{index, 0, len(index)})
}

// part is the chunks first to end-1 of a xorb.
type part struct {
	index      xorb.Index
	first, end int
}

// claimOf is what a shard says of content that is made of parts.
func claimOf(content []byte, parts ...part) *shard.File {
	total := sha256.Sum256(content)
	claim := &shard.File{SHA256: &total, Verified: true}
	var tree merkle.Tree
	for _, p := range parts {
		t := shard.Term{Xorb: p.index.Hash(), First: uint32(p.first), End: uint32(p.end)}
		verification := merkle.NewRange()
		for _, e := range p.index[p.first:p.end] {
			tree.Add(e.Leaf)
			verification.Add(e.Hash)
			t.Size += uint32(e.Leaf.Size)
		}
		t.Verification = verification.Sum()
		claim.Terms = append(claim.Terms, t)
	}
	claim.Hash = tree.File()
	return claim
}

func anything(*Xorb, uint32, uint32) bool { return true }

// add verifies a claim and keeps the file.
func (s *shelf) add(claim *shard.File) *File {
	s.Helper()
	check := Check{Store: s.Store, May: anything}
	f, err := check.File(s.Context(), claim)
	s.ok(err)
	_, err = s.Add(f)
	s.ok(err)
	return f
}

// holds fails the test unless the store gives content back, from any place.
func (s *shelf) holds(content []byte) {
	s.Helper()
	f, err := s.File(sum(content))
	s.ok(err)
	r := s.Open(f)
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		s.Fatalf("%d bytes came back as %d others, %v", len(content), len(got), err)
	}
	for _, at := range []int64{int64(len(content)) - 1, 100_000, 0, 65_536, int64(len(content))} {
		_, err := r.Seek(at, io.SeekStart)
		s.ok(err)
		if got, err := io.ReadAll(io.LimitReader(r, 200_000)); err != nil || !bytes.HasPrefix(content[at:], got) || len(got) != min(200_000, len(content)-int(at)) {
			s.Errorf("from byte %d on: %d bytes, %v", at, len(got), err)
		}
	}
}

func TestOpenReadsAsAPlainFile(t *testing.T) {
	s := newShelf(t)
	content := random(400_000, 1)
	for _, f := range []*File{s.convert(content), s.add(s.send(random(400_000, 2)))} {
		want := content
		if f.Terms[0].Object == "" {
			want = random(400_000, 2)
		}
		if err := iotest.TestReader(struct{ io.ReadSeeker }{s.Open(f)}, want); err != nil {
			t.Error(err)
		}
	}
}

// net/http reads on for a while in a goroutine of its own when the client of an
// answer of several ranges goes away. What it reads then is an error, and the
// buffers that it had serve the next content.
func TestOpenIsClosedWhileRead(t *testing.T) {
	s := newShelf(t)
	content := random(400_000, 2)
	f := s.add(s.send(content))
	for range 50 {
		r := s.Open(f)
		began, ended := make(chan struct{}), make(chan error)
		go func() {
			_, err := io.ReadFull(r, make([]byte, 1000))
			close(began)
			for err == nil {
				if _, err = io.Copy(io.Discard, r); err == nil {
					_, err = r.Seek(0, io.SeekStart)
				}
			}
			ended <- err
		}()
		<-began
		s.ok(r.Close())
		if got, err := io.ReadAll(s.Open(f)); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%d bytes came back as %d others, %v", len(content), len(got), err)
		}
		if err := <-ended; !errors.Is(err, os.ErrClosed) {
			t.Fatalf("reading on: %v", err)
		}
	}
}

// A converted object is what a client of the Xet protocol would have made of
// it, in xorbs that lie in the object alone.
func TestConvert(t *testing.T) {
	s := newShelf(t)
	content := random(70<<20, 1) // more than one xorb
	f := s.convert(content)
	var leaves []merkle.Leaf
	h := cdc.NewHasher(func(l merkle.Leaf) { leaves = append(leaves, l) })
	h.Write(content)
	h.Close()
	if f.Hash != merkle.File(leaves) || f.Size != int64(len(content)) || len(f.Terms) != 2 {
		t.Errorf("got %v of %d bytes in %d terms", f.Hash, f.Size, len(f.Terms))
	}
	s.holds(content)
	if known, ok := s.ByHash(f.Hash); !ok || known != f.Known {
		t.Errorf("found by hash: %v", known)
	}
	if list := s.WithChunk(leaves[0].Hash); len(list) != 1 || list[0] != f.Known {
		t.Errorf("files with the first chunk: %v", list)
	}
	var all []byte
	for _, term := range f.Terms {
		x, err := s.Xorb(term.Xorb)
		s.ok(err)
		r, err := s.OpenXorb(x)
		s.ok(err)
		packed, err := io.ReadAll(r)
		s.ok(errors.Join(err, r.Close()))
		index, err := xorb.Scan(bytes.NewReader(packed))
		s.ok(err)
		if index.Hash() != term.Xorb || len(packed) > xorb.MaxBytes {
			t.Errorf("xorb %v serializes to another one of %d bytes", term.Xorb, len(packed))
		}
		all = append(all, packed...)
	}
	if len(all) != len(content)+len(leaves)*xorb.Overhead {
		t.Errorf("all xorbs have %d bytes", len(all))
	}
	s.reopen()
	s.holds(content)
	if list := s.WithXorb(f.Terms[1].Xorb); len(list) != 1 || list[0] != f.Known {
		t.Errorf("after reopening, files with the second xorb: %v", list)
	}
}

func TestMixedFile(t *testing.T) {
	s := newShelf(t)
	base := random(3<<20, 1)
	object := s.convert(base)
	x, err := s.Xorb(object.Terms[0].Xorb)
	s.ok(err)
	fresh := bytes.Repeat([]byte("compressible, "), 20_000)
	packed, index := pack(t, fresh)
	if len(packed) > len(fresh)/2 {
		t.Fatal("the test's xorb is not compressed")
	}
	_, err = s.PutXorb(index.Hash(), "ann", now, bytes.NewReader(append(packed, "XETBLOB footer"...)))
	s.ok(err)
	from, to := x.Index.Bytes(3, 20)
	middle := base[from-3*xorb.Overhead : to-20*xorb.Overhead]
	content := bytes.Join([][]byte{fresh, middle, middle, fresh}, nil)
	whole := part{index, 0, len(index)}
	s.add(claimOf(content, whole, part{x.Index, 3, 20}, part{x.Index, 3, 20}, whole))
	s.holds(content)
	s.reopen()
	s.holds(content)
	if _, err := os.Stat(s.object(sum(content))); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the content was written down once more")
	}
}

// What one packs again from chunks of the store is there already.
func TestXorbsAreKeptOnce(t *testing.T) {
	s := newShelf(t)
	content := random(1<<20, 1)
	s.convert(content)
	packed, index := pack(t, content)
	if added, err := s.PutXorb(index.Hash(), "bob", now, bytes.NewReader(packed)); err != nil || added {
		t.Errorf("a xorb that is a range of an object was added again: %v, %v", added, err)
	}
	if !s.Sent(index.Hash(), "bob") || s.Sent(index.Hash(), "ann") {
		t.Error("it was bob who sent the xorb")
	}
	claim := claimOf(content, part{index, 0, len(index)})
	f, err := (&Check{Store: s.Store, May: anything}).File(t.Context(), claim)
	s.ok(err)
	if added, err := s.Add(f); added || err != nil {
		t.Errorf("a file was added again: %v, %v", added, err)
	}
}

func TestBadXorbs(t *testing.T) {
	s := newShelf(t)
	packed, index := pack(t, random(300_000, 1))
	wrong := bytes.Clone(packed)
	wrong[1000] ^= 1
	for name, body := range map[string]io.Reader{
		"empty": bytes.NewReader(nil), "cut off": bytes.NewReader(packed[:len(packed)-1]), "corrupt": bytes.NewReader(wrong),
		"text": bytes.NewReader(bytes.Repeat([]byte("no xorb"), 1000)),
	} {
		_, err := s.PutXorb(index.Hash(), "ann", now, body)
		if _, ok := errors.AsType[*BadXorbError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.PutXorb(index.Hash(), "ann", now, io.MultiReader(bytes.NewReader(packed), iotest.ErrReader(io.ErrClosedPipe)))
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("a body that fails at its end: %v", err)
	}
	if _, err := s.Xorb(index.Hash()); !errors.Is(err, fs.ErrNotExist) || s.Sent(index.Hash(), "ann") {
		t.Errorf("something was kept: %v", err)
	}
	if left, err := os.ReadDir(s.path("tmp")); err != nil || len(left) > 0 {
		t.Errorf("tmp holds %v, %v", left, err)
	}
}
