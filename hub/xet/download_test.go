package xet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	uploading "longcat/hub/xet/upload"
)

// upload puts a file on the server.
func upload(t testing.TB, server *fakecas.Server, data []byte) merkle.Hash {
	t.Helper()
	content := uploading.Content{Name: "file", Data: io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}
	result, err := uploading.Run(t.Context(), server.Client(), []uploading.Content{content}, uploading.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return result.Files[0].Hash
}

// memory is a file that can be written to from several goroutines.
type memory struct {
	mu sync.Mutex
	b  []byte
}

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return copy(m.b[at:], b), nil
}

// patched is a file that needs several xorb ranges, one of them twice.
func patched(t testing.TB, server *fakecas.Server) ([]byte, merkle.Hash) {
	base := random(1_500_000, 1)
	upload(t, server, base)
	data := bytes.Join([][]byte{base[:700_000], []byte("something new"), base[300_000:], base[300_000:900_000]}, nil)
	hash := upload(t, server, data)
	if n := len(server.Files[hash].Terms); n < 4 {
		t.Fatalf("the file has %d terms only", n)
	}
	return data, hash
}

func TestDownload(t *testing.T) {
	for name, before := range map[string]func(*fakecas.Server) func(http.ResponseWriter, *http.Request) bool{
		"plain": func(*fakecas.Server) func(http.ResponseWriter, *http.Request) bool { return nil },
		"addresses expire": func(*fakecas.Server) func(http.ResponseWriter, *http.Request) bool {
			return first(3, "GET /signed/", 403)
		},
		"a multipart answer": multipartAnswer,
		"the whole xorb":     wholeAnswer,
	} {
		for _, noV2 := range []bool{false, true} {
			server := fakecas.New(t)
			server.NoV2 = noV2
			data, hash := patched(t, server)
			server.Before = before(server)
			to, wrote := &memory{b: make([]byte, len(data))}, atomic.Int64{}
			err := server.Client().Download(t.Context(), xet.Download{
				File: hash, Size: int64(len(data)), To: to, Workers: 3,
				Wrote: func(n int) { wrote.Add(int64(n)) },
			})
			if err != nil || !bytes.Equal(to.b, data) || wrote.Load() != int64(len(data)) {
				t.Errorf("%s, without v2 %v: %v; content is right: %v; told of %d bytes of %d",
					name, noV2, err, bytes.Equal(to.b, data), wrote.Load(), len(data))
			}
		}
	}
}

// stored is the part of a xorb that a request asks for.
func stored(server *fakecas.Server, r *http.Request) []byte {
	hash, err := merkle.Parse(r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
	if err != nil {
		return nil
	}
	rec := new(recorder)
	http.ServeContent(rec, r, "", zeroTime, bytes.NewReader(server.Xorbs[hash].Packed))
	return rec.b.Bytes()
}

// multipartAnswer answers a range with a document of it and another.
func multipartAnswer(server *fakecas.Server) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/signed/") {
			return false
		}
		parts := multipart.NewWriter(w)
		w.Header().Set("Content-Type", "multipart/byteranges; boundary="+parts.Boundary())
		w.WriteHeader(http.StatusPartialContent)
		span := strings.TrimPrefix(r.Header.Get("Range"), "bytes=")
		for _, p := range []struct {
			span string
			body []byte
		}{{"999999999-999999999", []byte("x")}, {span, stored(server, r)}} {
			part, _ := parts.CreatePart(textproto.MIMEHeader{"Content-Range": {"bytes " + p.span + "/*"}})
			_, _ = part.Write(p.body)
		}
		parts.Close()
		return true
	}
}

// wholeAnswer answers any range with all there is.
func wholeAnswer(server *fakecas.Server) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/signed/") {
			return false
		}
		r.Header.Del("Range")
		_, _ = w.Write(stored(server, r))
		return true
	}
}

func TestDownloadGoesOnWhereItBrokeOff(t *testing.T) {
	server := fakecas.New(t)
	data, hash := patched(t, server)
	var mu sync.Mutex
	cuts, served := 20, 0
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/signed/") {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		body := stored(server, r)
		if cuts--; cuts >= 0 && len(body) > 200_000 {
			body = body[:200_000]
			w.Header().Set("Content-Length", "99999999") // so that the client sees the cut
		}
		served += len(body)
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(body)
		return true
	}
	to := &memory{b: make([]byte, len(data))}
	err := server.Client().Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: to})
	if err != nil || !bytes.Equal(to.b, data) {
		t.Errorf("%v; content is right: %v", err, bytes.Equal(to.b, data))
	}
	if most := 2 * len(data); served > most {
		t.Errorf("%d bytes were served for a file of %d", served, len(data))
	}
}

func TestDownloadAsksForOneStretchAfterTheOther(t *testing.T) {
	defer xet.SetWindow(300_000)()
	server := fakecas.New(t)
	data, hash := patched(t, server)
	for _, missing := range [][]xet.Range{nil, {{100, 200}, {1_000_000, 1_000_100}}} {
		before := server.Count("GET /v2/reconstructions")
		to := &memory{b: make([]byte, len(data))}
		err := server.Client().Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: to, Missing: missing})
		if err != nil || missing == nil && !bytes.Equal(to.b, data) || !bytes.Equal(to.b[100:200], data[100:200]) {
			t.Errorf("missing %v: %v", missing, err)
		}
		most := len(data)/300_000 + 1
		if missing != nil {
			most = len(missing)
		}
		if n := server.Count("GET /v2/reconstructions") - before; n < 2 || n > most {
			t.Errorf("missing %v: asked %d times", missing, n)
		}
	}
}

func TestDownloadOfWhatIsMissing(t *testing.T) {
	server := fakecas.New(t)
	data, hash := patched(t, server)
	missing := []xet.Range{{10, 20}, {800_000, 800_001}, {int64(len(data)) - 1, int64(len(data))}}
	to := &memory{b: make([]byte, len(data))}
	err := server.Client().Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: to, Missing: missing})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range missing {
		if !bytes.Equal(to.b[r.From:r.To], data[r.From:r.To]) {
			t.Errorf("bytes %d to %d are wrong", r.From, r.To)
		}
	}
	n := server.Count("GET /signed")
	if err := server.Client().Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: to, Missing: []xet.Range{}}); err != nil {
		t.Error(err)
	}
	if server.Count("GET /signed") != n {
		t.Error("fetched something although nothing was missing")
	}
}

func TestDownloadRefusesWhatIsWrong(t *testing.T) {
	other := func(s *fakecas.Server, hash merkle.Hash) { // another file's content under this name
		s.Files[hash] = s.Files[upload(t, s, random(1_500_000, 8))]
	}
	for name, spoil := range map[string]func(*fakecas.Server, merkle.Hash){
		"another file": other,
		"unknown file": func(s *fakecas.Server, hash merkle.Hash) { delete(s.Files, hash) },
		"cut xorb": func(s *fakecas.Server, hash merkle.Hash) {
			for h, x := range s.Xorbs {
				x.Packed = x.Packed[:len(x.Packed)/2]
				s.Xorbs[h] = x
			}
		},
		"changed xorb": func(s *fakecas.Server, hash merkle.Hash) {
			for _, x := range s.Xorbs {
				x.Packed[1000]++
			}
		},
		"changed header": func(s *fakecas.Server, hash merkle.Hash) {
			for _, x := range s.Xorbs {
				x.Packed[5]++
			}
		},
		"shorter file": func(s *fakecas.Server, hash merkle.Hash) {
			s.Files[hash] = s.Files[upload(t, s, random(1_400_000, 1))]
		},
		"addresses that are always refused": func(s *fakecas.Server, _ merkle.Hash) { s.Before = first(1000, "GET /signed", 403) },
		"address of no web server": func(s *fakecas.Server, _ merkle.Hash) {
			s.URL = "file:///etc/passwd?"
		},
	} {
		server := fakecas.New(t)
		data := random(1_500_000, 1)
		hash := upload(t, server, data)
		client := server.Client()
		if err := ask(t.Context(), client); err != nil { // now it has its token
			t.Fatal(err)
		}
		spoil(server, hash)
		to := &memory{b: make([]byte, len(data))}
		err := client.Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: to})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
		_, corrupt := errors.AsType[*xet.CorruptError](err)
		if wants := name != "unknown file" && !strings.HasPrefix(name, "address") && name != "cut xorb"; wants && !corrupt {
			t.Errorf("%s: got %v, want a CorruptError", name, err)
		}
	}
}

func TestDownloadEndsWithItsContext(t *testing.T) {
	server := fakecas.New(t)
	data, hash := patched(t, server)
	ctx, cancel := context.WithCancel(t.Context())
	server.Before = func(http.ResponseWriter, *http.Request) bool {
		cancel()
		return false
	}
	to := &memory{b: make([]byte, len(data))}
	if err := server.Client().Download(ctx, xet.Download{File: hash, Size: int64(len(data)), To: to}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
