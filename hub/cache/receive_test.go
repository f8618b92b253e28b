package cache

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"
	"testing/synctest"
)

// receive brings the bytes of e.
func receive(t *testing.T, p *Part, content []byte, e Extent) {
	t.Helper()
	n, err := p.Receive(bytes.NewReader(content[e.Start:e.End]), e, true)
	if n != e.Len() || err != nil {
		t.Errorf("received %d bytes of %v: %v", n, e, err)
	}
}

// finish gives the part its final name and compares it with the content.
func finish(t *testing.T, p *Part, content []byte) {
	t.Helper()
	final := filepath.Join(t.TempDir(), "final")
	if err := p.Finish(final); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(final); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file differs (%v)", err)
	}
}

// What came before the connection broke is kept, to the byte.
func TestReceiveKeepsWhatCame(t *testing.T) {
	content, id := sample(3*blockSize + 100)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	broken := errors.New("broken")
	at := int64(0)
	for _, came := range []int64{1, 4095, blockSize, 0, blockSize + 4097, 7} {
		r := io.MultiReader(iotest.HalfReader(bytes.NewReader(content[at:at+came])), iotest.ErrReader(broken))
		n, err := p.Receive(r, Extent{at, id.Size}, true)
		if n != came || !errors.Is(err, broken) {
			t.Fatalf("%d bytes came: received %d, %v", came, n, err)
		}
		at += came
		if want := []Extent{{at, id.Size}}; !slices.Equal(p.Missing(), want) {
			t.Fatalf("missing are %v, want %v", p.Missing(), want)
		}
	}
	receive(t, p, content, Extent{at, id.Size})
	finish(t, p, content)
}

// Bytes that come before those that the hash waits for are not held up, and
// what is kept of them in memory is bounded.
func TestReceiveAheadOfTheHash(t *testing.T) {
	content, id := sample(4 * mostKept * blockSize)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	receive(t, p, content, Extent{blockSize, id.Size})
	p.Missing()                                // all is written
	if n := len(p.hash.kept); n > mostKept+1 { // one was being written when the last was asked for
		t.Errorf("%d blocks are kept, at most %d should be", n, mostKept+1)
	}
	receive(t, p, content, Extent{0, blockSize})
	finish(t, p, content)
}

// slowHash waits for leave before it takes anything.
type slowHash struct {
	hash.Hash
	leave chan struct{}
}

func (h *slowHash) Write(b []byte) (int, error) {
	<-h.leave
	return h.Hash.Write(b)
}

// Bytes that come faster than they are hashed wait for the hash.
func TestReceiveWaitsForTheHash(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		content, id := sample(4 * mostKept * blockSize)
		leave := make(chan struct{})
		id.NewHash = func() hash.Hash { return &slowHash{sha256.New(), leave} }
		p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
		done := make(chan struct{})
		go func() {
			defer close(done)
			receive(t, p, content, Extent{0, id.Size})
		}()
		synctest.Wait()
		// Beside those that are kept: the one at the hash, and the one that was being
		// written, unless those were kept before the next one was asked for.
		if n, most := p.Arrived()/blockSize, int64(share(enoughKept)+2); n > most || n < most-2 {
			t.Errorf("%d blocks arrived while none was hashed, want %d or up to two less", n, most)
		}
		close(leave)
		<-done
		finish(t, p, content)
	})
}

// Where another process may write past the lock, what it wrote is noticed: the
// bytes are hashed as the file has them.
func TestPartOnSharedDisk(t *testing.T) {
	content, id := sample(3 * blockSize)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	p.local = false
	receive(t, p, content, Extent{blockSize, id.Size})
	p.Missing() // all is written
	if _, err := p.f.WriteAt([]byte("another process"), 2*blockSize); err != nil {
		t.Fatal(err)
	}
	receive(t, p, content, Extent{0, blockSize})
	if err := p.Finish(filepath.Join(t.TempDir(), "final")); !errors.As(err, new(*HashError)) {
		t.Errorf("got %v, want a hash error", err)
	}
}

// A disk that is full is told as such, whatever the sender does.
func TestReceiveWriteError(t *testing.T) {
	content, id := sample(2 * blockSize)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	full := errors.New("full")
	p.mu.Lock()
	p.failed = full
	p.mu.Unlock()
	_, err := p.Receive(io.MultiReader(bytes.NewReader(content[:100]), iotest.ErrReader(errors.New("broken"))), Extent{0, id.Size}, true)
	if !errors.As(err, new(*WriteError)) || !errors.Is(err, full) {
		t.Errorf("got %v, want a write error", err)
	}
	if err := p.Close(); !errors.Is(err, full) {
		t.Errorf("Close says %v", err)
	}
}
