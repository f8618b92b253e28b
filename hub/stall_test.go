package hub_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
)

func contextWithCancelAfter(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(d, cancel)
	return ctx, cancel
}

const shortStall = 100 * time.Millisecond

func impatient(c *hub.Config) { c.StallTimeout = shortStall }

// A server that stops sending is noticed, and the rest is asked for again.
func TestStalledDownload(t *testing.T) {
	for name, after := range map[string]int64{"in the head": 0, "in the body": 700_000} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			content := blob(3<<20, 1)
			w.seed(files{"m.bin": content})
			never := make(chan struct{})
			defer close(never)
			w.faults.Add(localhub.Fault{Path: "/-/cdn/", Stall: never, After: after, Times: 2})
			began := time.Now()
			snap, err := w.client(impatient).Download(t.Context(), hub.DownloadOptions{Repo: repo})
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, snap.Files["m.bin"], content)
			if took := time.Since(began); took < shortStall {
				t.Errorf("done after %v: nothing stalled", took)
			}
			if n := w.fromCDN(); n > int64(len(content))+int64(len(content))/5+2<<19 {
				t.Errorf("%d bytes were sent for %d", n, len(content))
			}
		})
	}
}

func TestStalledForEver(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-never:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(never)
	_, err := newClient(t, srv.URL, impatient, func(c *hub.Config) { c.RetryFor = 500 * time.Millisecond }).RepoInfo(t.Context(), repo, "")
	if !errors.Is(err, hub.ErrStalled) {
		t.Errorf("got %v", err)
	}
}

// A server that stops reading is noticed as well.
func TestStalledUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	var puts atomic.Int64
	w.before(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && puts.Add(1) == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
	})
	c := w.client(func(c *hub.Config) { c.StallTimeout = shortStall / 2 }) // an upload's answer is awaited ten times as long
	content := blob(900_000, 2)
	if _, err := c.Upload(t.Context(), hub.Upload{Repo: repo, Files: files{"m.bin": content}.upload(), Message: "m"}); err != nil {
		t.Fatal(err)
	}
	if n := puts.Load(); n < 2 {
		t.Errorf("%d PUTs", n)
	}
}

// The server takes nothing of a body that does not fit the sockets' buffers.
func TestStallWhileSending(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-never:
		case <-r.Context().Done():
		}
	}))
	defer srv.Close()
	defer close(never)
	c := newClient(t, srv.URL, impatient, func(c *hub.Config) { c.RetryFor = -1 })
	began := time.Now()
	_, err := c.ValidateCard(t.Context(), repo, strings.Repeat("x", 16<<20))
	if !errors.Is(err, hub.ErrStalled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("noticed after %v", took)
	}
}

// One that reads slowly does not make the server slow: neither a limited rate
// nor a transfer that takes many times the stall's time is cut.
func TestSlowReaderIsNoStall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(400_000, 3)
	w.seed(files{"m.bin": content})
	began := time.Now()
	snap, err := w.client(func(c *hub.Config) { c.StallTimeout, c.RetryFor, c.Rate = 250*time.Millisecond, -1, 400_000 }).
		Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files["m.bin"], content)
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("the limit was not kept: %v", took)
	}
}

// drip sends a little again and again, for longer than a stall may last.
func TestDrippingAnswerIsNoStall(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, b := range []byte(`{"sha": "1111111111111111111111111111111111111111"}`) {
			time.Sleep(20 * time.Millisecond)
			w.Write([]byte{b})
			http.NewResponseController(w).Flush()
		}
	}))
	defer srv.Close()
	began := time.Now()
	if _, err := newClient(t, srv.URL, func(c *hub.Config) { c.StallTimeout, c.RetryFor = 250*time.Millisecond, -1 }).RepoInfo(t.Context(), repo, ""); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("it dripped for %v only", took)
	}
}

// Metadata may have a shorter patience of its own.
func TestHeadTimeout(t *testing.T) {
	t.Parallel()
	heads := make(chan struct{}, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		heads <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer srv.Close()
	c := newClient(t, srv.URL, func(c *hub.Config) { c.HeadTimeout, c.RetryFor = shortStall, shortStall })
	if _, err := c.Resolve(t.Context(), repo, "main", "a"); !errors.Is(err, hub.ErrStalled) {
		t.Errorf("got %v", err)
	}
	if len(heads) != 2 {
		t.Errorf("asked %d times", len(heads))
	}
}
