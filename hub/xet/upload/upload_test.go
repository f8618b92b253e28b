package upload_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/cdc"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/upload"
)

func random(n int, seed byte) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

func section(data []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
}

func contents(files ...[]byte) []upload.Content {
	all := make([]upload.Content, len(files))
	for i, data := range files {
		all[i] = upload.Content{Name: "file " + string(rune('0'+i)), Data: section(data)}
	}
	return all
}

// run uploads contents and makes sure that the server has them then.
func run(t testing.TB, server *fakecas.Server, all []upload.Content) *upload.Result {
	t.Helper()
	result, err := upload.Run(t.Context(), server.Client(), all, upload.Options{TempDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	check(t, server, all, result)
	return result
}

func check(t testing.TB, server *fakecas.Server, all []upload.Content, result *upload.Result) {
	t.Helper()
	for i, c := range all {
		data, err := io.ReadAll(io.NewSectionReader(c.Data, 0, c.Data.Size()))
		if err != nil {
			t.Fatal(err)
		}
		f := result.Files[i]
		if f.SHA256 != sha256.Sum256(data) || f.Size != int64(len(data)) {
			t.Errorf("%s: %d bytes of sha256 %x, want %d", c.Name, f.Size, f.SHA256, len(data))
		}
		if len(data) == 0 {
			if f.Hash != (merkle.Hash{}) {
				t.Errorf("%s: hash %v of nothing", c.Name, f.Hash)
			}
			continue
		}
		if got := server.Content(f.Hash); !bytes.Equal(got, data) {
			t.Errorf("%s: the server has other content of %d bytes", c.Name, len(got))
		}
		if *server.Files[f.Hash].SHA256 != f.SHA256 {
			t.Errorf("%s: the server has another sha256", c.Name)
		}
	}
	s := result.Stats
	if s.Total != s.Known+s.Dedup+s.Repeated+s.New {
		t.Errorf("the numbers do not add up: %+v", s)
	}
}

func TestNewContents(t *testing.T) {
	for _, old := range []bool{false, true} {
		server := fakecas.New(t)
		server.NoGrants, server.NoV2 = old, old
		a := random(600_000, 1)
		all := contents(a, nil, []byte("x"), append(slices.Clone(a), 'y'), a, make([]byte, 400_000))
		s := run(t, server, all).Stats
		if want := int64(600_000); s.Known != 0 || s.Dedup != 0 || s.New < want || s.New > want+500_000 || s.Xorbs != 1 || s.Shards != 1 {
			t.Errorf("got %+v", s)
		}
		if s.Sent < s.New-300_000 || s.Sent > s.New+10_000 {
			t.Errorf("%d bytes sent of %d", s.Sent, s.New)
		}
	}
}

func TestContentsThatTheServerHas(t *testing.T) {
	server := fakecas.New(t)
	server.Key = merkle.Hash{7}
	a, b := random(900_000, 1), random(300_000, 2)
	run(t, server, contents(a, b))
	s := run(t, server, contents(a, b)).Stats
	if s.Dedup != s.Total || s.Xorbs != 0 {
		t.Errorf("the same again: %+v", s)
	}
	changed := slices.Concat(a[:300_000], []byte("new"), a[300_000:])
	s = run(t, server, contents(changed)).Stats
	if s.New == 0 || s.New > 3*cdc.MaxSize {
		t.Errorf("three bytes more: %+v", s)
	}
}

func TestAnswersThatExpiredAreNotUsed(t *testing.T) {
	server := fakecas.New(t)
	server.Expires = 1000
	a := random(300_000, 1)
	run(t, server, contents(a))
	for now, want := range map[int64]int64{999: 0, 1000: int64(len(a))} {
		result, err := upload.Run(t.Context(), server.Client(), contents(a), upload.Options{
			TempDir: t.TempDir(), Now: func() time.Time { return time.Unix(now, 0) },
		})
		if err != nil || result.Stats.New != want {
			t.Errorf("at %d: %+v, %v", now, result.Stats, err)
		}
	}
}

func TestHooksAreTold(t *testing.T) {
	server := fakecas.New(t)
	data := random(300_000, 3)
	var found, moved, sent atomic.Int64
	sum := sha256.Sum256(data)
	all := contents(data)
	all[0].SHA256 = &sum
	result, err := upload.Run(t.Context(), server.Client(), all, upload.Options{
		TempDir: t.TempDir(),
		Found:   func(n int64) { found.Add(n) },
		Moved:   func(n int64) { moved.Add(n) },
		Sent:    func(n int) { sent.Add(int64(n)) },
	})
	if err != nil || moved.Load() != int64(len(data)) || found.Load() != 0 || sent.Load() < int64(len(data)) || sent.Load() > result.Stats.Sent {
		t.Errorf("told of %d bytes moved, %d found and %d sent; %+v; %v", moved.Load(), found.Load(), sent.Load(), result.Stats, err)
	}
	check(t, server, all, result)

	// Again: one part is known to the caller, the others are asked for.
	moved.Store(0)
	again, err := upload.Run(t.Context(), server.Client(), contents(data, data), upload.Options{
		TempDir: t.TempDir(),
		Found:   func(n int64) { found.Add(n) },
		Moved:   func(n int64) { moved.Add(n) },
	})
	if err != nil || found.Load()+moved.Load() != 2*int64(len(data)) || found.Load() < int64(len(data)) {
		t.Errorf("told of %d bytes moved, %d found; %+v; %v", moved.Load(), found.Load(), again.Stats, err)
	}
}

// changing is content of which every reading differs.
type changing struct{ reads atomic.Int64 }

func (c *changing) ReadAt(b []byte, off int64) (int, error) {
	copy(b, random(len(b), byte(c.reads.Add(1))))
	return len(b), nil
}

// failing is content that can not be read to its end.
type failing struct{ data []byte }

var errDisk = errors.New("disk is broken")

func (f failing) ReadAt(b []byte, off int64) (int, error) {
	if off+int64(len(b)) > int64(len(f.data)) {
		return 0, errDisk
	}
	return copy(b, f.data[off:]), nil
}

func TestContentsThatCanNotBeUploaded(t *testing.T) {
	data := random(1_000_000, 1)
	source := &upload.Source{Data: section(data)}
	known := func(k ...upload.Known) upload.Content {
		return upload.Content{Name: "it", Data: section(data), Known: k}
	}
	for name, test := range map[string]struct {
		content upload.Content
		right   func(error) bool
	}{
		"changing": {
			upload.Content{Name: "it", Data: io.NewSectionReader(new(changing), 0, 500_000)},
			func(err error) bool { e, ok := errors.AsType[*upload.ChangedError](err); return ok && e.Name == "it" },
		},
		"failing": {
			upload.Content{Name: "it", Data: io.NewSectionReader(failing{data}, 0, 2_000_000)},
			func(err error) bool { return errors.Is(err, errDisk) && strings.Contains(err.Error(), `"it"`) },
		},
		"shorter": {
			upload.Content{Name: "it", Data: io.NewSectionReader(bytes.NewReader(data), 0, 2_000_000)},
			func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) },
		},
		"known beyond the end": {known(upload.Known{At: 10, Size: 1_000_000, Source: source}), nil},
		"known beyond source":  {known(upload.Known{Size: 1000, Source: source, From: 999_001}), nil},
		"known before":         {known(upload.Known{Size: 10, Source: source, From: -1}), nil},
		"known twice":          {known(upload.Known{Size: 10, Source: source}, upload.Known{At: 9, Size: 10, Source: source}), nil},
	} {
		server := fakecas.New(t)
		result, err := upload.Run(t.Context(), server.Client(), []upload.Content{test.content}, upload.Options{TempDir: t.TempDir()})
		if err == nil || result != nil || test.right != nil && !test.right(err) {
			t.Errorf("%s: %v, %v", name, result, err)
		}
		if len(server.Files) > 0 {
			t.Errorf("%s: a file was registered", name)
		}
	}
}

func TestServerThatFails(t *testing.T) {
	for _, path := range []string{"/v1/xorb-grants", "/v2/shards", "/v1/chunks"} {
		server := fakecas.New(t)
		server.Before = func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasPrefix(r.URL.Path, path) {
				return false
			}
			http.Error(w, "out of order", http.StatusInternalServerError)
			return true
		}
		all := contents(random(300_000, 1))
		result, err := upload.Run(t.Context(), server.Client(), all, upload.Options{TempDir: t.TempDir()})
		if path == "/v1/chunks" { // without which it goes as well
			if err != nil {
				t.Fatal(err)
			}
			check(t, server, all, result)
			continue
		}
		if e, ok := errors.AsType[*xet.Error](err); !ok || e.Status != http.StatusInternalServerError {
			t.Errorf("%s: %v", path, err)
		}
	}
}
