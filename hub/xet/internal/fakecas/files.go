package fakecas

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

func (s *Server) shard(w http.ResponseWriter, r *http.Request) {
	if s.NoV2 && r.PathValue("version") == "v2" {
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off
	}
	if err := s.register(body); err != nil {
		s.t.Errorf("shard: %v", err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.PathValue("version") == "v1" {
		answer(w, http.StatusOK, xet.ShardResult{Result: 1})
		return
	}
	for _, event := range []xet.ShardEvent{
		{Type: xet.EventValidating, Total: 1},
		{Type: "unheard of"},
		{Type: xet.EventCommitting, Stage: "syncing"},
		{Type: xet.EventResult},
	} {
		_ = json.NewEncoder(w).Encode(event) // the client may be gone
	}
}

// register takes a shard if all that it says is true.
func (s *Server) register(body []byte) error {
	got, footer, err := shard.Read(bytes.NewReader(body))
	if err != nil {
		return err
	}
	if footer != nil {
		return fmt.Errorf("it has a footer")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range got.Xorbs {
		have, known := s.Xorbs[x.Hash]
		if !known || len(x.Chunks) != len(have.Index) || int64(x.Packed) != have.Index.Packed() {
			return fmt.Errorf("xorb %v of %d chunks is not like the one that was uploaded", x.Hash, len(x.Chunks))
		}
		for i, c := range x.Chunks {
			if c.Hash != have.Index[i].Hash || uint64(c.Size) != have.Index[i].Leaf.Size {
				return fmt.Errorf("chunk %d of xorb %v is not like the one that was uploaded", i, x.Hash)
			}
			s.chunks[c.Hash] = &shard.Shard{Xorbs: got.Xorbs}
		}
	}
	for _, f := range got.Files {
		if err := s.verify(f); err != nil {
			return fmt.Errorf("file %v: %w", f.Hash, err)
		}
		s.Files[f.Hash] = f
	}
	return nil
}

func (s *Server) verify(f shard.File) error {
	var tree merkle.Tree
	verification := merkle.NewRange()
	for i, t := range f.Terms {
		x, known := s.Xorbs[t.Xorb]
		if !known || int(t.End) > len(x.Index) {
			return fmt.Errorf("term %d: xorb %v has no chunks %d to %d", i, t.Xorb, t.First, t.End)
		}
		size := int64(0)
		for _, e := range x.Index[t.First:t.End] {
			tree.Add(e.Leaf)
			verification.Add(e.Hash)
			size += int64(e.Leaf.Size)
		}
		if !f.Verified || verification.Sum() != t.Verification || size != int64(t.Size) {
			return fmt.Errorf("term %d of %d bytes can not be verified", i, t.Size)
		}
	}
	if tree.File() != f.Hash || f.SHA256 == nil {
		return fmt.Errorf("its chunks give another hash, or it has no sha256")
	}
	return nil
}

func (s *Server) reconstruct(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	if s.NoV2 && r.PathValue("version") == "v2" {
		http.NotFound(w, r)
		return
	}
	v2, status := s.Reconstruct(hash, r.Header.Get("Range"))
	if status != http.StatusOK {
		w.WriteHeader(status)
		return
	}
	if r.PathValue("version") == "v2" {
		answer(w, http.StatusOK, v2)
		return
	}
	v1 := xet.ReconstructionV1{Offset: v2.Offset, Terms: v2.Terms, Fetch: map[merkle.Hash][]xet.FetchV1{}}
	for hash, fetches := range v2.Xorbs {
		for _, span := range fetches[0].Ranges {
			v1.Fetch[hash] = append(v1.Fetch[hash], xet.FetchV1{Chunks: span.Chunks, URL: fetches[0].URL, Bytes: span.Bytes})
		}
	}
	answer(w, http.StatusOK, v1)
}

// Reconstruct says what a range of a file is made of, or a status why not.
func (s *Server) Reconstruct(file merkle.Hash, span string) (xet.Reconstruction, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.Files[file]
	if !known {
		return xet.Reconstruction{}, http.StatusNotFound
	}
	from, to := int64(0), f.Size()
	if span != "" && !s.WholeFiles {
		if _, err := fmt.Sscanf(span, "bytes=%d-%d", &from, &to); err != nil || from >= f.Size() {
			return xet.Reconstruction{}, http.StatusRequestedRangeNotSatisfiable
		}
		to++
	}
	return s.parts(f, from, to), http.StatusOK
}

// parts lists the whole chunks that hold bytes from to to-1 of f.
func (s *Server) parts(f shard.File, from, to int64) xet.Reconstruction {
	out := xet.Reconstruction{Terms: []xet.Term{}, Xorbs: map[merkle.Hash][]xet.Fetch{}}
	at := int64(0) // in the file
	for _, t := range f.Terms {
		index := s.Xorbs[t.Xorb].Index
		term := xet.Term{Xorb: t.Xorb}
		for i := int64(t.First); i < int64(t.End); i++ {
			size := int64(index[i].Leaf.Size)
			if at+size > from && at < to {
				if term.Size == 0 {
					term.Chunks.Start = i
				}
				if len(out.Terms) == 0 && term.Size == 0 {
					out.Offset = from - at
				}
				term.Chunks.End = i + 1
				term.Size += size
			}
			at += size
		}
		if term.Size == 0 {
			continue
		}
		out.Terms = append(out.Terms, term)
		first, end := index.Bytes(int(term.Chunks.Start), int(term.Chunks.End))
		if out.Xorbs[t.Xorb] == nil {
			out.Xorbs[t.Xorb] = []xet.Fetch{{URL: s.URL + "/signed/xorb/" + t.Xorb.String()}}
		}
		fetch := &out.Xorbs[t.Xorb][0]
		fetch.Ranges = append(fetch.Ranges, xet.FetchRange{Chunks: term.Chunks, Bytes: xet.Span{Start: first, End: end - 1}})
	}
	return out
}

func (s *Server) fetch(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	x, known := s.Xorbs[hash]
	s.mu.Unlock()
	if !known || r.Header.Get("Range") == "" {
		http.Error(w, "not what was signed", http.StatusForbidden)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(x.Packed))
}

// Client is a client of the server. Its tokens never expire.
func (s *Server) Client() *xet.Client {
	return xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		return xet.Token{CAS: s.URL, Access: Token}, nil
	}, xet.Options{Pause: time.Millisecond})
}
