package cache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Bytes that come for a place that has its bytes are not written: neither where
// those were hashed nor where they wait for the hash, in no way of writing, and
// in no process after the one that wrote them.
func TestPartByteIsWrittenOnce(t *testing.T) {
	content, id := sample(4 * blockSize)
	wrong := bytes.Repeat([]byte("x"), len(content))
	there := []Extent{{0, blockSize + 5}, {2*blockSize - 4096, 2*blockSize + 1}, {3 * blockSize, 4*blockSize - 7}}
	hashed := func(p *Part, n int64) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for p.hash.at < n {
			p.changed.Wait()
		}
	}
	// damaged is the content, with wrong bytes wherever there are some already.
	damaged := bytes.Clone(content)
	for _, e := range there {
		copy(damaged[e.Start:e.End], wrong)
	}
	for _, test := range []struct {
		name    string
		resumed bool
		write   func(*Part, Extent) error
	}{
		{"WriteAt", false, func(p *Part, e Extent) error { _, err := p.WriteAt(damaged[e.Start:e.End], e.Start); return err }},
		{"WriteAt, resumed", true, func(p *Part, e Extent) error { _, err := p.WriteAt(damaged[e.Start:e.End], e.Start); return err }},
		{"Receive", false, func(p *Part, e Extent) error {
			_, err := p.Receive(bytes.NewReader(damaged[e.Start:e.End]), e, false)
			return err
		}},
		{"Receive, fast and resumed", true, func(p *Part, e Extent) error {
			_, err := p.Receive(bytes.NewReader(damaged[e.Start:e.End]), e, true)
			return err
		}},
	} {
		base := filepath.Join(t.TempDir(), "blob")
		p := openPart(t, base, id)
		for _, e := range there {
			receive(t, p, content, e)
		}
		p.Missing() // all is written
		hashed(p, there[0].End)
		if test.resumed {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			p = openPart(t, base, id)
		}
		for at := int64(0); at < id.Size; at += 700_001 { // straddling all borders
			if err := test.write(p, Extent{max(at-3000, 0), min(at+700_001, id.Size)}); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
		}
		if gaps := p.Missing(); len(gaps) > 0 {
			t.Errorf("%s: missing are %v", test.name, gaps)
		}
		if err := p.Finish(base); err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if got, err := os.ReadFile(base); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: the file differs (%v)", test.name, err)
		}
	}
}

// Wrong bytes that came first are found, though the right ones come later.
func TestPartWrongBytesFirst(t *testing.T) {
	content, id := sample(3 * blockSize)
	p := openPart(t, filepath.Join(t.TempDir(), "blob"), id)
	receive(t, p, bytes.Repeat([]byte("x"), len(content)), Extent{blockSize, id.Size})
	receive(t, p, content, Extent{0, id.Size})
	if err := p.Finish(filepath.Join(t.TempDir(), "final")); !errors.As(err, new(*HashError)) {
		t.Errorf("got %v, want a hash error", err)
	}
}
