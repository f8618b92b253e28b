package xet_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/xorb"
)

func random(n int, seed byte) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// packed is a xorb of some chunks.
func packed(t testing.TB, chunks ...[]byte) xet.PackedXorb {
	t.Helper()
	var b bytes.Buffer
	w := xorb.NewWriter(&b)
	for _, c := range chunks {
		if err := w.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	return xet.PackedXorb{
		Hash: w.Index().Hash(), Size: int64(b.Len()), Checksum: xet.AddChecksum(0, b.Bytes()),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.Bytes())), nil },
	}
}

// first answers the first n requests whose method and path begin so with a
// status.
func first(n int64, prefix string, status int) func(http.ResponseWriter, *http.Request) bool {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.Method+" "+r.URL.Path, prefix) || seen.Add(1) > n {
			return false
		}
		http.Error(w, "as told", status)
		return true
	}
}

func TestPutXorb(t *testing.T) {
	for _, test := range []struct {
		name           string
		noGrants       bool
		before         func(http.ResponseWriter, *http.Request) bool
		grants, posted int // requests wanted
		err            string
	}{
		{name: "by grant", grants: 1},
		{name: "old server", noGrants: true, grants: 1, posted: 1},
		{name: "address refuses once", before: first(1, "PUT", 403), grants: 2},
		{name: "address always refuses", before: first(100, "PUT", 400), grants: 4, posted: 1},
		{name: "address does not work", before: first(100, "PUT", 500), grants: 1, posted: 1},
		{name: "what was sent got lost once", before: first(1, "POST /v1/xorb-commits", 404), grants: 2},
		{name: "grant is refused", before: first(1, "POST /v1/xorb-grants", 400), grants: 1, err: "asking to upload xorb"},
		{name: "commit is refused", before: first(1, "POST /v1/xorb-commits", 400), grants: 1, err: "committing xorb"},
		{name: "old server refuses", noGrants: true, before: first(1, "POST /v1/xorbs", 400), grants: 1, posted: 1, err: "uploading xorb"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := fakecas.New(t)
			server.NoGrants, server.Before = test.noGrants, test.before
			x := packed(t, random(100_000, 1), []byte("two"))
			sent, err := server.Client().PutXorb(t.Context(), x)
			if sent != (test.err == "") || (err == nil) != sent {
				t.Errorf("sent %v, %v", sent, err)
			}
			if e, ok := errors.AsType[*xet.Error](err); err != nil && (!ok || e.Op != test.err || e.Message != "as told" || e.Subject != x.Hash.String()) {
				t.Errorf("got %v, want an Error of %q", err, test.err)
			}
			if _, have := server.Xorbs[x.Hash]; have != sent {
				t.Errorf("the server has the xorb: %v", have)
			}
			if got := server.Count("POST /v1/xorb-grants"); got != test.grants {
				t.Errorf("%d grants, want %d", got, test.grants)
			}
			if got := server.Count("POST /v1/xorbs"); got != test.posted {
				t.Errorf("posted %d times, want %d", got, test.posted)
			}
		})
	}
}

func TestPutXorbSendsNoXorbTwice(t *testing.T) {
	for _, noGrants := range []bool{false, true} {
		server := fakecas.New(t)
		server.NoGrants = noGrants
		x := packed(t, []byte("chunk"))
		client := server.Client()
		for i, first := range []bool{true, false, false} {
			want := first || noGrants // there the POST has to come
			if sent, err := client.PutXorb(t.Context(), x); sent != want || err != nil {
				t.Errorf("time %d: sent %v, %v", i, sent, err)
			}
		}
		if n := server.Count("PUT"); n != 1 && !noGrants {
			t.Errorf("sent %d times", n)
		}
		if n := server.Count("POST /v1/xorb-grants"); noGrants && n != 1 {
			t.Errorf("asked %d times for grants that the server does not have", n)
		}
	}
}

func TestChecksum(t *testing.T) {
	// Source: the check value of CRC-64/NVME.
	const want = 0xae8b14860a799888
	if got := xet.AddChecksum(xet.AddChecksum(0, []byte("1234")), []byte("56789")); got != want {
		t.Errorf("got %x, want %x", got, uint64(want))
	}
}

func ExampleAddChecksum() {
	fmt.Println(xet.AddChecksum(0, []byte("123456789")))
	// Output: 12577168950296156296
}
