package localhub_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

func TestHosts(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.PublicURL, o.Hosts = "https://hub.example.org/", []string{"gpu1"} })
	w.create("ann/model", "public")
	for host, status := range map[string]int{
		"hub.example.org": 200, "HUB.example.org:443": 200, "gpu1:8642": 200, "localhost:1": 200, "127.0.0.1": 200, "[::1]:8642": 200, "192.168.1.5:80": 200,
		"hub.test": 200, "gpu2:8642": 200, "models.internal": 200,
		"evil.example.com": 421, "hub.example.org.evil.com:8642": 421, "127.0.0.1.nip.io": 421, "hub.local": 421, "test.com": 421,
	} {
		for _, path := range []string{"/api/models/ann/model", "/-/style.css", "/"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", w.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := noFollow.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := resp.StatusCode; (got == 421) != (status == 421) {
				t.Errorf("%s of %s: status %d", path, host, got)
			}
		}
	}
}

func TestBoundsOfRequests(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	paths := func(n int) map[string][]string { return map[string][]string{"paths": make([]string, n)} }
	w.want(w.do("", "POST", "/api/models/ann/model/paths-info/main", paths(1000)), 200)
	w.want(w.do("", "POST", "/api/models/ann/model/paths-info/main", paths(1001)), 413)
	w.want(w.do("", "POST", "/api/models/ann/model/paths-info/main", paths(1_000_000)), 413)
	w.want(w.do("", "POST", "/api/validate-yaml", bytes.NewReader(make([]byte, 30<<20))), 413)
	blank := strings.Repeat("\n", 30_000)
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a", "1"), blank), 400)
	w.want(w.commit("ann", "ann/model", "main", line("header", wire.CommitHeader{Summary: strings.Repeat("x", 13<<20)}), fileLine("a", "1")), 413)
}

// A card is rendered once, whoever looks at it, in whichever repo and commit.
func TestCardsAreRenderedOnce(t *testing.T) {
	var times atomic.Int32
	w := newWorld(t, func(o *localhub.Options) {
		o.Render = func(_ []byte, base string) ([]byte, error) {
			times.Add(1)
			return fmt.Appendf(nil, `<img src="%sa.png">`, base), nil
		}
	})
	for _, name := range []string{"ann/one", "ann/two"} {
		w.create(name, "public")
		w.want(w.commit("ann", name, "main", header(""), fileLine("README.md", "# words")), 200)
	}
	var wg sync.WaitGroup
	for range 10 {
		for _, name := range []string{"ann/one", "ann/two"} {
			wg.Go(func() { w.shows(w.page("", "/"+name), `<img src="/`+name+`/resolve/`) })
		}
	}
	wg.Wait()
	if n := times.Load(); n != 1 {
		t.Errorf("one card was rendered %d times", n)
	}
}

// What was begun and not finished, and what was sent and not committed, goes
// after a day.
func TestUnfinishedUploadsAreCollected(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, func(o *localhub.Options) { o.Multipart, o.PartSize = 1000, 1000 })
	w.create("ann/model", "public")
	sent, kept := blob(3000, 1), blob(3000, 2)
	w.upload("ann", "ann/model", sent)
	w.upload("ann", "ann/model", kept)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", kept)), 200)
	_, addresses := partAddresses(w.batch("ann", "ann/model", blob(3000, 3)).Actions["upload"])
	w.want(w.do("", "PUT", addresses[0], blob(3000, 3)[:1000]), 200)

	if err := w.hub.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(objects(t, dir)); n != 2 {
		t.Errorf("%d objects at once", n)
	}
	marks, err := filepath.Glob(filepath.Join(dir, "repos", "*", "pending", "*"))
	if err != nil || len(marks) != 1 {
		t.Fatal(marks, err)
	}
	yesterday := w.clock.now()
	if err := os.Chtimes(marks[0], yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	w.clock.advance(25 * time.Hour)
	if err := w.hub.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := objects(t, dir); len(got) != 1 || got[0] != sha(kept) {
		t.Errorf("after a day there is %v", got)
	}
	if half, err := filepath.Glob(filepath.Join(dir, "tmp", "*", "[0-9]*")); err != nil || len(half) > 0 {
		t.Errorf("after a day there is %v", half)
	}
}

// A client that sends its body slowly is cut off; others are not.
func TestSlowBodies(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.BodyGrace = 100 * time.Millisecond })
	for request, status := range map[string]int{
		"POST /api/validate-yaml":         http.StatusRequestTimeout,
		"POST /api/repos/create":          http.StatusUnauthorized, // nobody reads the body
		"GET /api/models/ann/model":       http.StatusUnauthorized,
		"POST /api/models/a/b/paths-info": http.StatusUnauthorized,
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", request)
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != status {
			t.Errorf("%s: %v, %v", request, resp, err)
		}
	}
}

// A short shard that names one xorb's equal chunks again and again takes little
// memory.
func TestShardOfRepeatedTerms(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	ann := w.cas("ann", "ann/model", "write")
	// Chunks of zeros are cut at the largest size; whether their hash is one that
	// may be asked for does not matter for the first.
	p := pack(t, make([]byte, 64*cdc.MaxSize))
	w.want(ann.ask("POST", "/v1/xorbs/default/"+p.index.Hash().String(), p.xorb), 200)
	claim := p.claim
	for len(claim.Terms) < 5000 {
		claim.Terms = append(claim.Terms, claim.Terms[0])
	}
	claim.Hash = merkle.Hash{1}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.want(ann.ask("POST", "/v1/shards", shardOf(t, claim)), 400)
	runtime.ReadMemStats(&after)
	// The race detector makes pools forget; without bounds it took 6.7 GB.
	if used := after.TotalAlloc - before.TotalAlloc; used > 500<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
	claim.Terms = make([]shard.Term, shard.MaxTerms+1)
	for i := range claim.Terms {
		claim.Terms[i] = p.claim.Terms[0]
	}
	if a := ann.ask("POST", "/v1/shards", shardOf(t, claim)); a.StatusCode != 400 || !strings.Contains(string(a.body), "terms") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

// What another process is about to make a repo of is not collected.
func TestDraftsKeepTheirObjects(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	other, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	draft, err := other.Draft(localhub.RepoID{Type: wire.Model, Name: "ann/mirrored"})
	if err != nil {
		t.Fatal(err)
	}
	content := blob(3000, 1)
	release, err := other.KeepObjects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f, err := other.Temp(0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(other.PutObject(f, sha(content)), draft.MarkCommitted(sha(content), "ann")); err != nil {
		t.Fatal(err)
	}
	release()
	if err := w.hub.Collect(t.Context()); err != nil {
		t.Fatal(err)
	}
	head := store.NewCommit(store.Commit{ID: strings.Repeat("c", 40), Author: "zoe", Title: "from elsewhere"}, []store.File{
		{Path: "m.bin", OID: store.BlobID([]byte(wire.LFSPointer(sha(content), 3000))), Size: 3000, LFS: sha(content)},
	})
	err = errors.Join(draft.MoveRef(store.Ref{Kind: store.Heads, Name: "main"}, head), draft.Finish(t.Context(), store.Settings{}, w.clock.now()))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.get("", "ann/mirrored", head.ID, "m.bin"); !bytes.Equal(got, content) {
		t.Error("the mirrored file has other content")
	}
}
