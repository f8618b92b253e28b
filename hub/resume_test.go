package hub_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/hub/localhub"
)

const weights = "m.bin"

var onlyWeights = hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{weights}}}

// What a server does wrong for a while costs time and some bytes, not the
// download.
func TestDownloadThroughPassingFaults(t *testing.T) {
	const cdn = "/-/cdn/"
	for name, faults := range map[string][]localhub.Fault{
		"cut at once":                 {{Path: cdn, Cut: true, Times: 3}},
		"cut many times":              {{Path: cdn, Cut: true, After: 200_000, Times: 25}},
		"500":                         {{Path: cdn, Status: 500, Times: 4}},
		"503 while resolving":         {{Path: "/resolve/", Status: 503, Times: 2}},
		"429":                         {{Path: cdn, Status: 429, Times: 3}},
		"fewer bytes than announced":  {{Path: cdn, Extra: -1000, Times: 2, Skip: 1}},
		"more bytes than announced":   {{Path: cdn, Extra: 1000, Times: 2, Skip: 1}},
		"another range than asked":    {{Path: cdn, ContentRange: "bytes 0-99/5000000", Times: 2}},
		"a range of a larger file":    {{Path: cdn, ContentRange: "bytes 0-2097151/9000000", Times: 2}},
		"a range beyond all numbers":  {{Path: cdn, ContentRange: "bytes 0-9223372036854775807/9223372036854775808", Times: 2}},
		"no range told":               {{Path: cdn, Header: http.Header{"Content-Range": {""}}, Times: 2}},
		"403 of an expired signature": {{Path: cdn, Status: 403, Times: 2, Skip: 1}},
		"404 of a moved object":       {{Path: cdn, Status: 404, Times: 1}},
		"range ignored now and then":  {{Path: cdn, IgnoreRange: true, Times: 1, Skip: 1}},
		"wrong bytes once":            {{Path: cdn, Corrupt: true, After: 1000, Times: 1}},
		"another etag once":           {{Path: cdn, ETag: `"other"`, Times: 1, Skip: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			content := blob(5_000_000, 1)
			w.seed(files{weights: content})
			w.faults.Add(faults...)
			c := w.client()
			snap, err := c.Download(t.Context(), onlyWeights)
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, snap.Files[weights], content)
			if left, _ := filepath.Glob(filepath.Join(c.CacheDir(), "*/blobs/*longcat*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			most := int64(len(content)) + 5<<20 // two ranges that are refused
			switch {
			case strings.Contains(name, "wrong bytes"):
				most = int64(len(content)) * 5 / 2
			case strings.Contains(name, "ignored"): // the whole, twice, and the ranges that were asked for meanwhile
				most = int64(len(content))*2 + 3*(1536<<10)
			}
			if n := w.fromCDN(); n > most {
				t.Errorf("%d bytes were sent for a file of %d", n, len(content))
			}
		})
	}
}

// What does not pass is a clear error, and nothing stands under a final name.
func TestDownloadThroughLastingFaults(t *testing.T) {
	const cdn = "/-/cdn/"
	hashError := func(err error) bool { return errors.As(err, new(*cache.HashError)) }
	says := func(text string) func(error) bool {
		return func(err error) bool { return strings.Contains(err.Error(), text) }
	}
	for name, test := range map[string]struct {
		fault localhub.Fault
		is    func(error) bool
	}{
		"wrong bytes":     {localhub.Fault{Path: cdn, Corrupt: true}, hashError},
		"fewer bytes":     {localhub.Fault{Path: cdn, Extra: -1}, says("the server announces")},
		"more bytes":      {localhub.Fault{Path: cdn, Extra: 1}, says("the server announces")},
		"another range":   {localhub.Fault{Path: cdn, ContentRange: "bytes 1-2097152/5000000"}, says("got Content-Range")},
		"always cut":      {localhub.Fault{Path: cdn, Cut: true}, says("the connection was cut")},
		"always 500":      {localhub.Fault{Path: cdn, Status: 500}, says("500 Internal Server Error")},
		"always 403":      {localhub.Fault{Path: cdn, Status: 403}, func(err error) bool { return errors.Is(err, hub.ErrForbidden) }},
		"no longer there": {localhub.Fault{Path: "/resolve/", Status: 404}, func(err error) bool { return errors.Is(err, hub.ErrNotFound) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.seed(files{weights: blob(5_000_000, 1)})
			w.faults.Add(test.fault)
			c := w.client(func(c *hub.Config) { c.RetryFor = 500 * time.Millisecond })
			_, err := c.Download(t.Context(), onlyWeights)
			if err == nil || !test.is(err) || !strings.Contains(err.Error(), weights) {
				t.Errorf("got %v", err)
			}
			checkText(t, name, err)
			wantNoFile(t, c.CacheDir())
			if name == "wrong bytes" {
				if left := onDisk(t, c.CacheDir()); len(left) > 1 { // the lock
					t.Errorf("wrong bytes are kept: %d files", len(left))
				}
			}
		})
	}
}

// A small file goes another way, without a journal.
func TestSmallDownloadThroughFaults(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localhub.Fault{
		"cut":           {Cut: true, After: 100_000, Times: 4},
		"wrong bytes":   {Corrupt: true, After: 100_000, Times: 1},
		"range ignored": {IgnoreRange: true},
		"ignored, cut":  {IgnoreRange: true, Cut: true, After: 100_000, Times: 2},
	} {
		w := newWorld(t)
		content := blob(300_000, 1)
		w.seed(files{weights: content})
		fault.Path = "/-/cdn/"
		w.faults.Add(fault)
		snap, err := w.client().Download(t.Context(), onlyWeights)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantFile(t, snap.Files[weights], content)
	}
}

// An address that expires on the way is renewed, and the rest comes from the
// byte that was reached.
func TestExpiredAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *localhub.Options) { o.AddressTTL = time.Minute })
	content := blob(12<<20, 1)
	w.seed(files{weights: content})
	var gets atomic.Int64
	w.before(func(_ http.ResponseWriter, r *http.Request) {
		if !isContent(localhub.Request{Path: r.URL.Path}) {
			return
		}
		if n := gets.Add(1); n == 3 || n == 6 {
			w.clock.advance(2 * time.Minute) // every address so far is too old now
		}
	})
	snap, err := w.client().Download(t.Context(), onlyWeights)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content)
	refused := w.requests(func(r localhub.Request) bool { return isContent(r) && r.Status == 403 })
	if len(refused) < 2 {
		t.Errorf("%d addresses expired: the test proves little", len(refused))
	}
	if n := w.fromCDN(); n > int64(len(content))+int64(len(refused))*1000 {
		t.Errorf("%d bytes were sent for %d", n, len(content))
	}
}

// A server without ranges, of a file that is partly there: it is read past what
// is there, and not written twice.
func TestRangeIgnored(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(8<<20, 1)
	w.seed(files{weights: content})
	c := w.client(func(c *hub.Config) { c.RetryFor = 500 * time.Millisecond })
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Skip: 2, Status: 400})
	if _, err := c.Download(t.Context(), onlyWeights); err == nil {
		t.Fatal("the download was not interrupted")
	}
	w.faults.Clear()
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", IgnoreRange: true})
	p := &progress{}
	o := onlyWeights
	o.Progress = p
	snap, err := c.Download(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content)
	if p.n != int64(len(content)) {
		t.Errorf("the meter ends at %d of %d", p.n, len(content))
	}
	w.forget()
}

// An etag that changes while a file is fetched, or is another than the listing's
// hash: the listing decides.
func TestChangedEtag(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(5<<20, 1)
	w.seed(files{weights: content})
	// The address expires after the first range, and the second look at the
	// file finds another hash, once.
	other := http.Header{"X-Linked-Etag": {`"` + sha(blob(5, 5)) + `"`}}
	w.faults.Add(
		localhub.Fault{Path: "/-/cdn/", Skip: 1, Status: 403, Times: 1},
		localhub.Fault{Path: "/resolve/", Skip: 1, Header: other, Times: 1},
	)
	c := w.client()
	snap, err := c.Download(t.Context(), onlyWeights)
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content)

	w.faults.Clear()
	w.faults.Add(localhub.Fault{Path: "/resolve/", Header: other}, localhub.Fault{Path: "/-/cdn/", ETag: `"of-a-store"`})
	if snap, err = w.client().Download(t.Context(), onlyWeights); err != nil {
		t.Fatal(err)
	}
	wantFile(t, snap.Files[weights], content)
}

// Blobs may be links into a store that repos share: they are read through, and
// replaced without touching what is shared.
func TestSharedBlobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(100_000, 1)
	w.seed(files{weights: content})
	for name, shared := range map[string][]byte{"right": content, "short": content[:50_000]} {
		c := w.client()
		place := filepath.Join(c.CacheDir(), "blobs", "ab", "abcd")
		blobs := filepath.Join(c.CacheDir(), "models--ann--model", "blobs")
		if err := errors.Join(os.MkdirAll(filepath.Dir(place), 0o755), os.MkdirAll(blobs, 0o755),
			os.WriteFile(place, shared, 0o444), os.Symlink("../../blobs/ab/abcd", filepath.Join(blobs, sha(content)))); err != nil {
			t.Fatal(err)
		}
		w.forget()
		snap, err := c.Download(t.Context(), onlyWeights)
		if err != nil {
			t.Fatal(err)
		}
		wantFile(t, snap.Files[weights], content)
		wantFile(t, place, shared)
		if fetched := w.fromCDN() > 0; fetched != (name == "short") {
			t.Errorf("%s: fetched %v", name, fetched)
		}
	}
}

// A server that refuses the first connection to it is given up at once.
func TestServerThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.seed(files{weights: blob(5_000_000, 1)})
	var dials atomic.Int64
	gone := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if "http://"+addr == w.cdn {
			dials.Add(1)
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
	_, err := w.client(func(c *hub.Config) { c.Transport, c.RetryFor = gone, 500*time.Millisecond }).Download(t.Context(), onlyWeights)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
	if n := dials.Load(); n < 1 || n > 2 { // two connections
		t.Errorf("%d attempts", n)
	}
}
