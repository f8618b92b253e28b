package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// sample is deterministic content of n bytes and its identity.
func sample(n int) ([]byte, Content) {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	_, _ = rng.Read(b)
	sum := sha256.Sum256(b)
	return b, Content{Etag: hex.EncodeToString(sum[:]), Size: int64(n), NewHash: sha256.New}
}

func openPart(t *testing.T, base string, c Content) *Part {
	t.Helper()
	p, err := OpenPart(base, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fill writes what is missing, in shuffled blocks from several goroutines and in
// each of the ways that there are, and stops after limit blocks.
func fill(t *testing.T, p *Part, content []byte, limit int) {
	t.Helper()
	const block = 70_001
	var blocks []Extent
	for _, gap := range p.Missing() {
		for at := gap.Start; at < gap.End; at += block {
			blocks = append(blocks, Extent{at, min(at+block, gap.End)})
		}
	}
	rand.New(rand.NewPCG(1, uint64(len(blocks)))).Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	blocks = blocks[:min(limit, len(blocks))]
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := k; i < len(blocks); i += 4 {
				e := blocks[i]
				b := content[e.Start:e.End]
				var err error
				if way := i % 3; way == 0 {
					_, err = p.WriteAt(b, e.Start)
				} else {
					_, err = p.Receive(bytes.NewReader(b), e, way == 1)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestPartInOneGo(t *testing.T) {
	content, id := sample(5_000_000)
	dir := t.TempDir()
	final := filepath.Join(dir, "sub", "final")
	p := openPart(t, filepath.Join(dir, id.Etag), id)
	fill(t, p, content, 1<<30)
	if err := p.Finish(final); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(final); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("the file differs (%v)", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*longcat*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A process that dies neither closes nor finishes. What it wrote is not
// fetched again, and the hash still covers every byte.
func TestPartSurvivesDeath(t *testing.T) {
	content, id := sample(40_000_000)
	base := filepath.Join(t.TempDir(), "blob")
	for range 4 {
		p := openPart(t, base, id)
		before := p.Arrived()
		fill(t, p, content, 100)
		arrived := p.Arrived()
		if arrived <= before {
			t.Fatalf("nothing arrived after %d bytes", before)
		}
		p.hash.stop() // as death would; files stay open, nothing is flushed
		next := openPart(t, base, id)
		if got := next.Arrived(); got != arrived {
			t.Fatalf("after a restart %d bytes are there, want %d", got, arrived)
		}
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
	p := openPart(t, base, id)
	fill(t, p, content, 1<<30)
	if err := p.Finish(base); err != nil {
		t.Fatal(err)
	}
}

func TestPartHashStateIsResumed(t *testing.T) {
	content, id := sample(saveEvery + saveEvery/2)
	base := filepath.Join(t.TempDir(), "blob")
	p := openPart(t, base, id)
	if _, err := p.WriteAt(content[:len(content)-1], 0); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	for p.hash.at < int64(len(content)-1) {
		p.changed.Wait()
	}
	p.mu.Unlock()
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = openPart(t, base, id)
	if p.hash.saved < saveEvery {
		t.Errorf("the hash starts at %d, want %d or more", p.hash.saved, saveEvery)
	}
	if _, err := p.WriteAt(content[len(content)-1:], int64(len(content)-1)); err != nil {
		t.Fatal(err)
	}
	if err := p.Finish(base); err != nil {
		t.Error(err)
	}
}

// What was synced, and what was only written, stays apart when a journal is
// begun anew.
func TestRestartedJournal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	head := journalHead{Etag: "e", Size: 100, Boot: "first"}
	for hashed, after := range map[int64]int64{10: 10, 60: 0} { // a hash over what is lost is lost
		p := progress{have: extents{{0, 80}, {90, 100}}, synced: extents{{0, 40}}, hashed: hashed, state: []byte("state")}
		for range 3 {
			j, err := startJournal(path, head, p)
			if err != nil {
				t.Fatal(err)
			}
			if err := j.f.Close(); err != nil {
				t.Fatal(err)
			}
			if p, err = readJournal(path, head); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(p.have, extents{{0, 80}, {90, 100}}) || !slices.Equal(p.synced, extents{{0, 40}}) || p.hashed != hashed {
				t.Errorf("the journal says %+v", p)
			}
		}
		later := head
		later.Boot = "second"
		got, err := readJournal(path, later)
		if err != nil || !slices.Equal(got.have, extents{{0, 40}}) || got.hashed != after {
			t.Errorf("after another boot it says %+v, %v", got, err)
		}
	}
}

// After another boot only synced bytes are believed.
func TestPartAfterReboot(t *testing.T) {
	want := journalHead{Etag: "e", Size: 100, Boot: "second"}
	b := appendRecord(nil, recordHead, []byte(`{"etag":"e","size":100,"boot":"first"}`))
	b = appendRecord(b, recordWrote, wrotePayload(Extent{0, 40}))
	synced := len(b)
	b = appendRecord(b, recordSync, le64(synced))
	b = appendRecord(b, recordWrote, wrotePayload(Extent{40, 80}))
	if got := replay(b, want).have.frontier(); got != 40 {
		t.Errorf("after another boot %d bytes are believed, want the 40 synced ones", got)
	}
	want.Boot = "first"
	if got := replay(b, want).have.frontier(); got != 80 {
		t.Errorf("in the same boot %d bytes are believed, want 80", got)
	}
}

func TestPartWrongContent(t *testing.T) {
	content, id := sample(3_000_000)
	base := filepath.Join(t.TempDir(), "blob")
	p := openPart(t, base, id)
	content[1_234_567] ^= 1
	fill(t, p, content, 1<<30)
	var he *HashError
	if err := p.Finish(base); !errors.As(err, &he) || he.Want != id.Etag {
		t.Fatalf("got %v, want a hash error", err)
	}
	if files, _ := filepath.Glob(base + "*"); len(files) > 0 {
		t.Errorf("wrong content left %v", files)
	}
}

func TestPartIncompleteIsNotFinished(t *testing.T) {
	content, id := sample(1_000_000)
	base := filepath.Join(t.TempDir(), "blob")
	p := openPart(t, base, id)
	fill(t, p, content, 3)
	if err := p.Finish(base); err == nil {
		t.Fatal("an incomplete part was finished")
	}
	if _, err := os.Stat(base); !errors.Is(err, fs.ErrNotExist) {
		t.Error("it stands under its final name")
	}
}

func TestPartOfOtherContentStartsAnew(t *testing.T) {
	content, id := sample(1_000_000)
	base := filepath.Join(t.TempDir(), "blob")
	p := openPart(t, base, id)
	fill(t, p, content, 1<<30)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	other := id
	other.Etag = "0000"
	p = openPart(t, base, other)
	defer p.Close()
	if p.Arrived() != 0 {
		t.Errorf("%d bytes of other content are believed", p.Arrived())
	}
}

func TestPartRefusesBytesOutside(t *testing.T) {
	_, id := sample(100)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	defer p.Close()
	for _, off := range []int64{-1, 96, 100, 1 << 62} {
		if _, err := p.WriteAt(make([]byte, 5), off); err == nil {
			t.Errorf("5 bytes at %d of 100 were accepted", off)
		}
		if n, err := p.Receive(bytes.NewReader(make([]byte, 5)), Extent{off, off + 5}, true); n != 0 || err == nil {
			t.Errorf("5 bytes at %d of 100 were received", off)
		}
	}
}

// A journal that outlived its part (killed between the part's rename and the
// journal's removal) says nothing of the empty file that is begun after it. It
// goes before that file has its size: nobody can be killed in between and leave
// the two side by side.
func TestPartWithAnotherPartsJournal(t *testing.T) {
	content, id := sample(saveEvery) // the journal holds the whole's hash
	base := filepath.Join(t.TempDir(), "blob")
	p := openPart(t, base, id)
	fill(t, p, content, 1<<30)
	left, err := os.ReadFile(p.journalPath())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p.journalPath(), left, 0o644); err != nil {
		t.Fatal(err)
	}
	p = openPart(t, base, id)
	if n := p.Arrived(); n != 0 {
		t.Errorf("%d bytes of an empty file are believed", n)
	}
	if err := p.Discard(); err != nil {
		t.Fatal(err)
	}

	// A size that no disk has ends OpenPart where a kill could.
	id.Size = 1 << 62
	head := appendRecord(nil, recordHead, fmt.Appendf(nil, `{"etag":%q,"size":%d,"boot":%q}`, id.Etag, id.Size, bootID()))
	if err := os.WriteFile(p.journalPath(), appendRecord(head, recordWrote, wrotePayload(Extent{0, id.Size})), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err = OpenPart(base, id)
	if err == nil { // a disk that takes it, as a hole
		defer p.Close()
		if n := p.Arrived(); n != 0 {
			t.Errorf("%d bytes of an empty file are believed", n)
		}
		return
	}
	if _, err := os.Stat(base + partSuffix + ".journal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal is still there: %v", err)
	}
}
