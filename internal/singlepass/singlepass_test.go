package singlepass_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"testing"

	"longcat/internal/singlepass"
)

func content(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(b)
	return b
}

func section(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}

// TestReaders lets several readers, of different stretches and paces, go
// forward at the same time: all get the right bytes.
func TestReaders(t *testing.T) {
	t.Parallel()
	b := content(1_000_003)
	sum := sha256.Sum256(b)
	for seed := range uint64(50) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		s := singlepass.New(t.Context(), section(b), singlepass.Options{Block: 10_000, Window: 4, Fetch: 1 + rnd.IntN(4), Hash: sha256.New, Sum: sum[:]})
		var all sync.WaitGroup
		for range 1 + rnd.IntN(5) {
			from := rnd.IntN(len(b))
			to := from + rnd.IntN(len(b)-from+1)
			step := 1 + rnd.IntN(30_000)
			r := s.NewReader(int64(from), int64(to))
			all.Go(func() {
				got, err := io.ReadAll(slowly{io.NewSectionReader(r, int64(from), int64(to-from)), step})
				if err != nil || !bytes.Equal(got, b[from:to]) {
					t.Errorf("seed %d: reading %d to %d: %d bytes, %v", seed, from, to, len(got), err)
				}
			})
		}
		all.Wait()
		if err := s.Finish(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		s.Close()
	}
}

// slowly reads at most step bytes at a time.
type slowly struct {
	r    io.Reader
	step int
}

func (s slowly) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.step)]) }

// TestOnce wants readers that begin before the first has run through the window
// to cost one fetch of each byte.
func TestOnce(t *testing.T) {
	t.Parallel()
	b := content(500_000)
	s := singlepass.New(t.Context(), section(b), singlepass.Options{Block: 10_000, Window: 4})
	defer s.Close()
	readers := make([]*io.SectionReader, 3)
	for i := range readers {
		readers[i] = s.NewReader(0, int64(len(b)))
		if _, err := readers[i].ReadAt(make([]byte, 1), 0); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for _, r := range readers {
		all.Go(func() {
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	all.Wait()
	if n := s.Fetched(); n != int64(len(b)) {
		t.Errorf("%d bytes were fetched of %d", n, len(b))
	}
}

// TestAgain reads everything a second time, and then here and there: what has
// passed is fetched again, in small blocks.
func TestAgain(t *testing.T) {
	t.Parallel()
	b := content(100_000)
	s := singlepass.New(t.Context(), section(b), singlepass.Options{Block: 8000, Window: 2})
	defer s.Close()
	one, two := s.NewReader(0, int64(len(b))), s.NewReader(0, int64(len(b)))
	for range 2 {
		var both sync.WaitGroup
		for _, r := range []*io.SectionReader{one, two} {
			both.Go(func() {
				if got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size())); err != nil || !bytes.Equal(got, b) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			})
		}
		both.Wait()
	}
	before := s.Fetched()
	for _, at := range []int64{123, 90_000, 50_000, 20_000, 99_000} {
		for _, r := range []*io.SectionReader{one, two} {
			p := make([]byte, 500)
			if _, err := r.ReadAt(p, at); err != nil || !bytes.Equal(p, b[at:at+500]) {
				t.Errorf("reading what has passed: %v", err)
			}
		}
	}
	if n := s.Fetched() - before; n > 5*2000 {
		t.Errorf("reading 5 times 500 bytes, twice, fetched %d", n)
	}
}

// TestLate has a reader that never begins: the others are not held up, and when
// it comes it gets its bytes.
func TestLate(t *testing.T) {
	t.Parallel()
	b := content(100_000)
	s := singlepass.New(t.Context(), section(b), singlepass.Options{Block: 1000, Window: 2})
	defer s.Close()
	late := s.NewReader(0, int64(len(b)))
	first := s.NewReader(0, int64(len(b)))
	for _, r := range []*io.SectionReader{first, late} {
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
}

// TestWrong flips one byte: nobody gets the end of the content, and Finish
// tells.
func TestWrong(t *testing.T) {
	t.Parallel()
	b := content(50_000)
	sum := sha256.Sum256(b)
	b[100]++
	s := singlepass.New(t.Context(), section(b), singlepass.Options{Block: 1000, Hash: sha256.New, Sum: sum[:]})
	defer s.Close()
	got, err := io.ReadAll(s.NewReader(0, int64(len(b))))
	var wrong *singlepass.HashError
	if !errors.As(err, &wrong) || len(got) == len(b) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := s.Finish(); !errors.As(err, &wrong) {
		t.Errorf("Finish: %v", err)
	}
}

// TestFailure ends readers when the source fails, and when the context does.
func TestFailure(t *testing.T) {
	t.Parallel()
	lost := errors.New("connection lost")
	s := singlepass.New(t.Context(), io.NewSectionReader(failing{lost}, 0, 1<<20), singlepass.Options{Block: 1000})
	if _, err := io.ReadAll(s.NewReader(0, 1<<20)); !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
	s.Close()

	ctx, cancel := context.WithCancel(t.Context())
	block := make(chan struct{})
	s = singlepass.New(ctx, io.NewSectionReader(blocking{block}, 0, 1<<20), singlepass.Options{Block: 1000})
	r := s.NewReader(0, 1<<20)
	ended := make(chan error)
	go func() {
		_, err := r.ReadAt(make([]byte, 1), 0)
		ended <- err
	}()
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	close(block)
	s.Close()
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

type blocking struct{ until chan struct{} }

func (b blocking) ReadAt(p []byte, _ int64) (int, error) {
	<-b.until
	return len(p), nil
}

func Example() {
	ctx := context.Background()
	remote := section([]byte("to be read once, by two"))
	s := singlepass.New(ctx, remote, singlepass.Options{Block: 8})
	defer s.Close()
	var both sync.WaitGroup
	for range 2 {
		r := s.NewReader(0, remote.Size())
		both.Go(func() { _, _ = io.Copy(io.Discard, r) })
	}
	both.Wait()
}
