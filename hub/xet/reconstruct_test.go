package xet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
)

var zeroTime time.Time

// recorder is a http.ResponseWriter that keeps the body only.
type recorder struct{ b bytes.Buffer }

func (r *recorder) Header() http.Header         { return http.Header{} }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.b.Write(b) }

func TestReconstruct(t *testing.T) {
	for _, noV2 := range []bool{false, true} {
		server := fakecas.New(t)
		server.NoV2 = noV2
		data, hash := patched(t, server)
		client := server.Client()
		whole, err := client.Reconstruct(t.Context(), hash, 0, int64(len(data)))
		if err != nil || whole.Size() != int64(len(data)) || whole.Offset != 0 || len(whole.Xorbs) != 2 {
			t.Fatalf("got %+v, %v", whole, err)
		}
		part, err := client.Reconstruct(t.Context(), hash, 500_000, 500_001)
		if err != nil || len(part.Terms) != 1 || part.Terms[0].Chunks.End != part.Terms[0].Chunks.Start+1 || part.Offset >= part.Size() {
			t.Errorf("got %+v, %v", part, err)
		}
		_, err = client.Reconstruct(t.Context(), merkle.Hash{1}, 0, 1)
		if !errors.Is(err, xet.ErrNotFound) {
			t.Errorf("unknown file: %v", err)
		}
		if _, err = client.Reconstruct(t.Context(), hash, int64(len(data)), int64(len(data))+1); err == nil {
			t.Error("a range behind the end was answered")
		}
		if n := server.Count("GET /v2/"); noV2 && n != 1 {
			t.Errorf("asked the missing version %d times", n)
		}
	}
}

func TestReconstructRefusesWhatCanNotBe(t *testing.T) {
	xorb := merkle.Hash{1}
	term := func(start, end, size int64) xet.Reconstruction {
		return xet.Reconstruction{Terms: []xet.Term{{Xorb: xorb, Size: size, Chunks: xet.Span{Start: start, End: end}}}}
	}
	offset := func(n int64) xet.Reconstruction {
		r := term(0, 1, 10)
		r.Offset = n
		return r
	}
	span := func(chunks, bytes xet.Span) xet.Reconstruction {
		r := term(0, 1, 10)
		r.Xorbs = map[merkle.Hash][]xet.Fetch{xorb: {{Ranges: []xet.FetchRange{{Chunks: chunks, Bytes: bytes}}}}}
		return r
	}
	const huge = 1 << 62
	for name, answer := range map[string]any{
		"no chunks":             term(3, 3, 10),
		"chunks backwards":      term(3, 2, 10),
		"before the first":      term(-1, 2, 10),
		"too many chunks":       term(0, 1<<20, 1<<30),
		"far away":              term(huge, huge+1, 10),
		"no bytes":              term(0, 1, 0),
		"too many bytes":        term(0, 1, 131_073),
		"offset behind the end": offset(10),
		"negative offset":       offset(-1),
		"range without chunks":  span(xet.Span{Start: 1, End: 1}, xet.Span{Start: 0, End: 9}),
		"range backwards":       span(xet.Span{Start: 0, End: 1}, xet.Span{Start: 9, End: 0}),
		"range too long":        span(xet.Span{Start: 0, End: 1}, xet.Span{Start: 0, End: huge}),
		"negative range":        span(xet.Span{Start: 0, End: 1}, xet.Span{Start: -1, End: 9}),
		"no JSON":               "<html>",
		"wrong type":            map[string]any{"terms": 7},
		"hash that is none":     map[string]any{"terms": []any{map[string]any{"hash": "abc"}}},
	} {
		server := fakecas.New(t)
		server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
			if text, ok := answer.(string); ok {
				_, _ = io.WriteString(w, text)
			} else {
				_ = json.NewEncoder(w).Encode(answer)
			}
			return true
		}
		if got, err := server.Client().Reconstruct(t.Context(), merkle.Hash{2}, 0, 10); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestReconstructBoundsTheAnswer(t *testing.T) {
	server := fakecas.New(t)
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		for range 40 {
			if _, err := io.WriteString(w, strings.Repeat(" ", 1<<20)); err != nil {
				return true
			}
		}
		return true
	}
	if _, err := server.Client().Reconstruct(t.Context(), merkle.Hash{2}, 0, 10); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
}

func TestBrokenAnswerIsAskedForAgain(t *testing.T) {
	server := fakecas.New(t)
	data, hash := patched(t, server)
	broken := 2
	server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		if broken == 0 {
			return false
		}
		broken--
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"terms":`)
		return true
	}
	if _, err := server.Client().Reconstruct(t.Context(), hash, 0, int64(len(data))); err != nil {
		t.Error(err)
	}
}
