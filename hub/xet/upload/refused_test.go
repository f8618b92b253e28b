package upload_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/upload"
)

// A server that refuses shards which refer to the xorbs of others gets the
// contents without that: first without what the caller knows, then without what
// the server itself had said.
func TestRefusedShardGoesWithoutReferences(t *testing.T) {
	for _, test := range []struct {
		name   string
		refuse func(foreign int) bool // a shard, with so many terms in others' xorbs
		known  bool                   // the caller knows what the server has
		shards int64
		err    bool
	}{
		{"none", func(int) bool { return false }, true, 1, false},
		{"any reference", func(n int) bool { return n > 0 }, true, 3, false},
		{"any reference, nothing known", func(n int) bool { return n > 0 }, false, 2, false},
		{"whatever comes", func(int) bool { return true }, true, 3, true},
	} {
		server := fakecas.New(t)
		source := random(900_000, 1)
		hash := run(t, server, contents(source)).Files[0].Hash
		theirs := map[merkle.Hash]bool{}
		for h := range server.Xorbs {
			theirs[h] = true
		}
		var shards atomic.Int64
		server.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "/shards") {
				return false
			}
			shards.Add(1)
			body, _ := io.ReadAll(r.Body)
			r.Body = io.NopCloser(bytes.NewReader(body))
			foreign := 0
			s, _, err := shard.Read(bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return false
			}
			for _, f := range s.Files {
				for _, term := range f.Terms {
					if theirs[term.Xorb] {
						foreign++
					}
				}
			}
			if !test.refuse(foreign) {
				return false
			}
			_, _ = io.WriteString(w, `{"type":"error","message":"it refers to xorbs of others\u001b[2J https://x.example/?Signature=abc"}`)
			return true
		}
		all := contents(slices.Concat(source, random(300_000, 3)))
		if test.known {
			all[0].Known = []upload.Known{{Size: 900_000, Source: &upload.Source{Client: server.Client(), File: hash, Data: section(source)}}}
		}
		var told atomic.Int64
		add := func(n int64) { told.Add(n) }
		result, err := upload.Run(t.Context(), server.Client(), all, upload.Options{TempDir: t.TempDir(), Found: add, Moved: add})
		if (err != nil) != test.err || test.err && (!xet.ShardRefused(err) || strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), "abc")) {
			t.Errorf("%s: %v", test.name, err)
		}
		if shards.Load() != test.shards {
			t.Errorf("%s: %d shards were sent, want %d", test.name, shards.Load(), test.shards)
		}
		if err != nil {
			continue
		}
		check(t, server, all, result)
		if told.Load() != 1_200_000 {
			t.Errorf("%s: told of %d bytes", test.name, told.Load())
		}
	}
}

// A server that does not answer queries that only save bytes is asked twice, and
// what it might have is sent.
func TestFailingQueriesAreGivenUp(t *testing.T) {
	for _, status := range []int{429, 503} {
		server := fakecas.New(t)
		var asked atomic.Int64
		server.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, "/v1/chunks") {
				return false
			}
			asked.Add(1)
			w.Header().Set("Retry-After", "100")
			w.WriteHeader(status)
			return true
		}
		run(t, server, contents(random(200_000, 1), random(200_000, 2), random(200_000, 3), random(200_000, 4)))
		if asked.Load() != 2 {
			t.Errorf("%d: asked %d times", status, asked.Load())
		}
	}
}
