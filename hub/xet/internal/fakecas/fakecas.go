// Package fakecas is a CAS server in memory, for tests of the clients. It is
// stricter than a real one: what it takes was verified down to the last hash.
package fakecas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/xorb"
)

// Token is what requests to the server must carry; no other request may.
const Token = "the-token"

// A Server keeps what is uploaded to it.
type Server struct {
	URL string

	NoGrants, NoV2 bool        // as an older server
	WholeFiles     bool        // a reconstruction is of the whole file, whatever range was asked
	Key            merkle.Hash // hides chunks' hashes in answers to deduplication queries
	Expires        uint64      // when such an answer does, in Unix seconds; never if 0
	Prefix         string      // of deduplication queries; "default" when empty
	// Before sees each request first and may answer it itself, returning true.
	Before func(w http.ResponseWriter, r *http.Request) bool

	t  testing.TB
	mu sync.Mutex

	Xorbs    map[merkle.Hash]Xorb
	Files    map[merkle.Hash]shard.File
	Requests []string // method and path of each, in order
	chunks   map[merkle.Hash]*shard.Shard
	granted  map[string][]byte // by grant: what was sent for it
}

// A Xorb is one that was uploaded.
type Xorb struct {
	Packed []byte
	Index  xorb.Index
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	s := &Server{
		t: t, Xorbs: map[merkle.Hash]Xorb{}, Files: map[merkle.Hash]shard.File{},
		chunks: map[merkle.Hash]*shard.Shard{}, granted: map[string][]byte{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/chunks/{prefix}/{hash}", s.query)
	mux.HandleFunc("POST /v1/xorb-grants/default/{hash}", s.grant)
	mux.HandleFunc("PUT /signed/{grant}", s.put)
	mux.HandleFunc("POST /v1/xorb-commits/default/{hash}/grant/{grant}", s.commit)
	mux.HandleFunc("POST /v1/xorbs/default/{hash}", s.post)
	mux.HandleFunc("POST /{version}/shards", s.shard)
	mux.HandleFunc("GET /{version}/reconstructions/{hash}", s.reconstruct)
	mux.HandleFunc("GET /signed/xorb/{hash}", s.fetch)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.Requests = append(s.Requests, r.Method+" "+r.URL.Path)
		s.mu.Unlock()
		if s.Before != nil && s.Before(w, r) {
			return
		}
		want := "Bearer " + Token
		if strings.HasPrefix(r.URL.Path, "/signed/") {
			want = ""
		}
		if got := r.Header.Get("Authorization"); got != want {
			t.Errorf("%s %s carries %q, want %q", r.Method, r.URL.Path, got, want)
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Count is how many requests there were whose method and path begin so.
func (s *Server) Count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.Requests {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// Content puts a file together, or fails the test.
func (s *Server) Content(file merkle.Hash) []byte {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	f, known := s.Files[file]
	if !known {
		s.t.Fatalf("file %v is not on the server", file)
	}
	var all []byte
	for _, term := range f.Terms {
		x := s.Xorbs[term.Xorb]
		from, to := x.Index.Bytes(int(term.First), int(term.End))
		for r := xorb.NewReader(bytes.NewReader(x.Packed[from:to])); ; {
			data, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				s.t.Fatal(err)
			}
			all = append(all, data...)
		}
	}
	return all
}

func hashOf(w http.ResponseWriter, r *http.Request) (merkle.Hash, bool) {
	hash, err := merkle.Parse(r.PathValue("hash"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
	return hash, err == nil
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // the client may be gone
}

func (s *Server) query(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.chunks[hash]
	prefix := s.Prefix
	if prefix == "" {
		prefix = "default"
	}
	if found == nil || r.PathValue("prefix") != prefix {
		http.Error(w, "Shard not found", http.StatusNotFound)
		return
	}
	if err := shard.WriteWithFooter(w, found, shard.Footer{Key: s.Key, Expires: s.Expires}); err != nil {
		s.t.Error(err)
	}
}

func (s *Server) grant(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.NoGrants {
		http.NotFound(w, r)
		return
	}
	if _, have := s.Xorbs[hash]; have {
		return
	}
	var request xet.GrantRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil || request.Checksum.Algo != xet.ChecksumAlgo {
		s.t.Errorf("grant request %+v: %v", request, err)
	}
	id := fmt.Sprintf("%d.%d.%d", len(s.granted), request.Length, request.Checksum.Value)
	s.granted[id] = nil
	answer(w, http.StatusCreated, xet.Grant{
		ID: id, Method: http.MethodPut, URL: s.URL + "/signed/" + id,
		Headers: map[string]string{"If-None-Match": "*"},
	})
}

func (s *Server) put(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off
	}
	id := r.PathValue("grant")
	var n, length int64
	var sum uint64
	if _, err := fmt.Sscanf(id, "%d.%d.%d", &n, &length, &sum); err != nil || r.Header.Get("If-None-Match") != "*" {
		s.t.Errorf("PUT for grant %q, If-None-Match %q", id, r.Header.Get("If-None-Match"))
	}
	if int64(len(body)) != length || r.ContentLength != length || xet.AddChecksum(0, body) != sum {
		http.Error(w, "not what was granted", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.granted[id] != nil {
		w.WriteHeader(http.StatusPreconditionFailed)
		return
	}
	s.granted[id] = body
}

func (s *Server) commit(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	s.mu.Lock()
	body := s.granted[r.PathValue("grant")]
	s.mu.Unlock()
	if body == nil {
		http.NotFound(w, r)
		return
	}
	s.store(w, hash, body)
}

func (s *Server) post(w http.ResponseWriter, r *http.Request) {
	hash, ok := hashOf(w, r)
	if !ok {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // cut off
	}
	if s.store(w, hash, body) {
		answer(w, http.StatusOK, xet.XorbResult{Inserted: true})
	}
}

func (s *Server) store(w http.ResponseWriter, hash merkle.Hash, body []byte) bool {
	index, err := xorb.Scan(bytes.NewReader(body))
	if err != nil || index.Hash() != hash || index.Packed() != int64(len(body)) {
		s.t.Errorf("xorb %v of %d bytes is not in order: %v", hash, len(body), err)
		http.Error(w, "bad xorb", http.StatusBadRequest)
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Xorbs[hash] = Xorb{body, index}
	return true
}
