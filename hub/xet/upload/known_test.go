package upload_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/cdc"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/upload"
)

// A stack is a content that is made of slices of a source, as a merged model is.
type stack struct {
	source  []byte
	slices  [][2]int // from and to in the source
	content []byte
	known   []upload.Known
}

// stacked puts slices of the source behind a header of some bytes.
func stacked(source []byte, ranges ...[2]int) *stack {
	s := &stack{source: source, slices: ranges, content: []byte(strings.Repeat("header ", 3000))}
	for _, r := range ranges {
		s.known = append(s.known, upload.Known{At: int64(len(s.content)), Size: int64(r[1] - r[0]), From: int64(r[0])})
		s.content = append(s.content, source[r[0]:r[1]]...)
	}
	return s
}

// upload registers the source and uploads the content, which may be asked of
// the server in no other way than by what is known. Between the two the server
// may be spoiled.
func (s *stack) upload(t *testing.T, server *fakecas.Server, spoil func(source merkle.Hash)) upload.Stats {
	t.Helper()
	hash := run(t, server, contents(s.source)).Files[0].Hash
	if spoil != nil {
		spoil(hash)
	}
	return s.uploadOnly(t, server, hash)
}

// uploadOnly uploads the content when the source is on the server.
func (s *stack) uploadOnly(t *testing.T, server *fakecas.Server, hash merkle.Hash) upload.Stats {
	t.Helper()
	before := server.Before
	defer func() { server.Before = before }()
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/v1/chunks") {
			http.NotFound(w, r)
			return true
		}
		return before != nil && before(w, r)
	}
	all := contents(s.content)
	all[0].Known = slices.Clone(s.known)
	source := &upload.Source{Client: server.Client(), File: hash, Data: section(s.source)}
	for i := range all[0].Known {
		all[0].Known[i].Source = source
	}
	return run(t, server, all).Stats
}

// sourceData is 2.2 MB of several terms: the server will find what of it was
// uploaded in another file before.
func sourceData(t *testing.T, server *fakecas.Server) []byte {
	first := random(600_000, 1)
	run(t, server, contents(first))
	return slices.Concat(first, random(300_000, 2), first[200_000:], random(900_000, 3))
}

func TestKnownSlicesAreNotSent(t *testing.T) {
	for _, whole := range []bool{false, true} {
		server := fakecas.New(t)
		server.WholeFiles = whole
		source := sourceData(t, server)
		end := len(source)
		s := stacked(source, [2]int{0, 800_000}, [2]int{500_001, 1_500_000}, [2]int{1_499_999, 1_500_100}, [2]int{100_000, 900_000}, [2]int{1_600_000, end})
		stats := s.upload(t, server, nil)
		// At each of four borders a chunk of both sides is lost, and what was
		// known of the last term if the server told no more than terms.
		if most := int64(4*2*cdc.MaxSize + 100); stats.New+stats.Repeated > most {
			t.Errorf("whole files %v: %d bytes were new, want at most %d: %+v", whole, stats.New, most, stats)
		}
		if stats.Known == 0 || stats.Dedup != 0 {
			t.Errorf("whole files %v: %+v", whole, stats)
		}
	}
}

func TestContentThatIsItsSource(t *testing.T) {
	server := fakecas.New(t)
	data := sourceData(t, server)
	s := &stack{source: data, content: data, known: []upload.Known{{Size: int64(len(data))}}}
	if stats := s.upload(t, server, nil); stats.Known != stats.Total {
		t.Errorf("got %+v", stats)
	}
	half := len(data) / 2 // and one that its end cuts off
	s = &stack{source: data, content: data[:half], known: []upload.Known{{Size: int64(half)}}}
	if stats := s.upload(t, server, nil); stats.New > cdc.MaxSize {
		t.Errorf("the first half: %+v", stats)
	}
}

func TestSlicesSideBySideAreAskedForOnce(t *testing.T) {
	server := fakecas.New(t)
	source := random(1_300_000, 1)
	s := stacked(source, [2]int{300_000, 800_000}, [2]int{800_000, 850_000}, [2]int{850_000, 1_300_000}, [2]int{0, 100_000})
	stats := s.upload(t, server, nil)
	if n := server.Count("GET /v2/reconstructions"); n != 1 {
		t.Errorf("asked %d times", n)
	}
	if stats.New > 5*cdc.MaxSize {
		t.Errorf("got %+v", stats)
	}
}

// TestNothingWrongIsBelieved lets the server tell lies about the source. The
// content must arrive all the same: that it does is what upload checks.
func TestNothingWrongIsBelieved(t *testing.T) {
	change := func(server *fakecas.Server, lie func(*xet.Reconstruction)) {
		server.Before = func(w http.ResponseWriter, r *http.Request) bool {
			file, asks := strings.CutPrefix(r.URL.Path, "/v2/reconstructions/")
			if !asks {
				return false
			}
			hash, err := merkle.Parse(file)
			if err != nil {
				t.Error(err)
			}
			answer, _ := server.Reconstruct(hash, r.Header.Get("Range"))
			lie(&answer)
			_ = json.NewEncoder(w).Encode(answer)
			return true
		}
	}
	server := fakecas.New(t)
	source := sourceData(t, server)
	hash := run(t, server, contents(source)).Files[0].Hash
	s := stacked(source, [2]int{250_000, 1_900_000})
	for name, lie := range map[string]func(*xet.Reconstruction){
		"an offset that is too small": func(r *xet.Reconstruction) { r.Offset /= 2 },
		"no offset":                   func(r *xet.Reconstruction) { r.Offset = 0 },
		"an offset that is too great": func(r *xet.Reconstruction) { r.Offset++ },
		"one chunk more":              func(r *xet.Reconstruction) { r.Terms[0].Chunks.End++ },
		"one chunk less":              func(r *xet.Reconstruction) { r.Terms[0].Chunks.End-- },
		"bytes moved to the next":     func(r *xet.Reconstruction) { r.Terms[0].Size--; r.Terms[1].Size++ },
		"terms missing":               func(r *xet.Reconstruction) { r.Terms = r.Terms[:1] },
		"no terms":                    func(r *xet.Reconstruction) { r.Terms, r.Offset = nil, 0 },
		"far more terms":              func(r *xet.Reconstruction) { r.Terms = slices.Concat(r.Terms, r.Terms, r.Terms) },
	} {
		t.Log(name)
		change(server, lie)
		if stats := s.uploadOnly(t, server, hash); stats.Total != int64(len(s.content)) {
			t.Errorf("%s: got %+v", name, stats)
		}
	}
}

func TestUnknownSourceIsNew(t *testing.T) {
	server := fakecas.New(t)
	source := random(900_000, 1)
	s := stacked(source, [2]int{0, 400_000}, [2]int{100_000, 800_000}, [2]int{0, 700_000})
	asked := 0
	stats := s.upload(t, server, func(hash merkle.Hash) {
		delete(server.Files, hash)
		asked = server.Count("GET /v")
	})
	if stats.Known != 0 || stats.New == 0 {
		t.Errorf("got %+v", stats)
	}
	if n := server.Count("GET /v"); n > asked+20 {
		t.Errorf("asked %d times about a file that the server does not know", n-asked)
	}
}

func TestSourceThatCanNotBeReadIsNew(t *testing.T) {
	server := fakecas.New(t)
	source := random(900_000, 1)
	hash := run(t, server, contents(source)).Files[0].Hash
	all := contents(bytes.Repeat(source[100_000:800_000], 2))
	unread := &upload.Source{Client: server.Client(), File: hash, Data: io.NewSectionReader(failing{}, 0, 900_000)}
	all[0].Known = []upload.Known{{Size: 700_000, Source: unread, From: 100_000}}
	run(t, server, all)
}
