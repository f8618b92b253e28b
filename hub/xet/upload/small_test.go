package upload

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"longcat/hub/xet/internal/fakecas"
)

// runSmall is Run, but with xorbs of at most smallXorb bytes, so that little
// content makes many.
func runSmall(ctx context.Context, server *fakecas.Server, contents []Content, o Options) (*Result, error) {
	s := newSession(server.Client(), o)
	s.packer.limit = func(int64) int64 { return smallXorb }
	return s.run(ctx, contents)
}

const smallXorb = 256 << 10

func randomContents(sizes ...int) (all []Content, total int64) {
	for i, n := range sizes {
		data := make([]byte, n)
		rand.NewChaCha8([32]byte{byte(i)}).Read(data)
		all = append(all, Content{Name: fmt.Sprint("file ", i), Data: io.NewSectionReader(bytes.NewReader(data), 0, int64(n))})
		total += int64(n)
	}
	return all, total
}

func TestXorbsKeepTheirBounds(t *testing.T) {
	server := fakecas.New(t)
	all, total := randomContents(5*smallXorb, 30_000, smallXorb/2)
	result, err := runSmall(t.Context(), server, all, Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	if n, least := int64(result.Stats.Xorbs), total/smallXorb+1; n < least || n > 2*least {
		t.Errorf("%d xorbs for %d bytes", n, total)
	}
	for _, x := range server.Xorbs {
		if len(x.Packed) > smallXorb {
			t.Errorf("a xorb has %d bytes", len(x.Packed))
		}
	}
}

// TestKilledUploadGoesOn ends an upload after every few xorbs and runs it
// again: what has arrived must not be sent again.
func TestKilledUploadGoesOn(t *testing.T) {
	server := fakecas.New(t)
	all, total := randomContents(7*smallXorb/2, 2*smallXorb, 30_000, 3*smallXorb)
	var sent atomic.Int64
	runs := 0
	for done := false; !done; {
		runs++
		ctx, cancel := context.WithCancel(t.Context())
		var commits atomic.Int64
		server.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasPrefix(r.URL.Path, "/v1/xorb-commits") && commits.Add(1) == 3 {
				cancel()
			}
			return false
		}
		_, err := runSmall(ctx, server, all, Options{
			TempDir: t.TempDir(), Senders: 1, Sent: func(n int) { sent.Add(int64(n)) },
		})
		if cancel(); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		done = err == nil
	}
	// Of each run that is killed at most the xorbs on their way are lost.
	if most := total + int64(runs)*smallXorb + total/50; runs < 3 || sent.Load() > most {
		t.Errorf("%d runs sent %d bytes of %d", runs, sent.Load(), total)
	}
	server.Before = nil
	result, err := runSmall(t.Context(), server, all, Options{TempDir: t.TempDir()})
	if err != nil || result.Stats.Xorbs != 0 || result.Stats.New != 0 {
		t.Errorf("a further run: %+v, %v", result, err)
	}
	for i, f := range result.Files {
		want, _ := io.ReadAll(all[i].Data)
		if !bytes.Equal(server.Content(f.Hash), want) {
			t.Errorf("%s is not what was uploaded", all[i].Name)
		}
	}
}

// TestMemoryIsBounded lets a session remember three chunks only. The content
// must arrive all the same, and what is asked for be found again.
func TestMemoryIsBounded(t *testing.T) {
	server := fakecas.New(t)
	all, _ := randomContents(4*smallXorb, 2*smallXorb, smallXorb)
	all = append(all, all[1], all[0])
	s := newSession(server.Client(), Options{TempDir: t.TempDir()})
	s.packer.limit, s.packer.most = func(int64) int64 { return smallXorb }, 3
	result, err := s.run(t.Context(), all)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range result.Files {
		want, _ := io.ReadAll(io.NewSectionReader(all[i].Data, 0, all[i].Data.Size()))
		if !bytes.Equal(server.Content(f.Hash), want) {
			t.Errorf("%s is not what was uploaded", all[i].Name)
		}
	}
	if result.Stats.Dedup == 0 {
		t.Errorf("nothing was found by asking: %+v", result.Stats)
	}
	if n := len(s.packer.index); n > 3 {
		t.Errorf("%d chunks are remembered", n)
	}
}

// TestUploadsAreTheSameEveryTime uploads twice to two servers: the xorbs must
// be the same whatever goroutine was faster.
func TestUploadsAreTheSameEveryTime(t *testing.T) {
	var first *fakecas.Server
	for range 3 {
		server := fakecas.New(t)
		all, _ := randomContents(2*smallXorb, 1000, 3*smallXorb, 5, 200_000)
		all = append(all, all[2], all[0])
		if _, err := runSmall(t.Context(), server, all, Options{TempDir: t.TempDir(), Readers: 4}); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = server
		}
		for hash := range server.Xorbs {
			if _, same := first.Xorbs[hash]; !same || len(server.Xorbs) != len(first.Xorbs) {
				t.Errorf("xorb %v is new", hash)
			}
		}
	}
}
