package localhub_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/upload"
)

// random is n bytes that no two seeds share.
func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// xet is a client for a repo's chunks; scope is "read" or "write".
func (w *world) xet(user, repo, scope string) *xet.Client {
	return xet.New(http.DefaultClient, func(context.Context) (xet.Token, error) {
		a, err := w.try(user, "GET", "/api/models/"+repo+"/xet-"+scope+"-token/main", nil)
		if err != nil || a.StatusCode != 200 {
			return xet.Token{}, fmt.Errorf("no token: %s, %w", a.body, err)
		}
		var t wire.XetToken
		err = json.Unmarshal(a.body, &t)
		return xet.Token{CAS: t.CASURL, Access: t.AccessToken, Expires: time.Unix(t.Exp, 0)}, err
	}, xet.Options{Now: w.clock.now, Pause: time.Millisecond})
}

// sendXet sends contents to a repo in chunks, and commits them as 0.bin, 1.bin, ….
func (w *world) sendXet(user, repo string, contents ...upload.Content) *upload.Result {
	w.Helper()
	result, err := upload.Run(w.Context(), w.xet(user, repo, "write"), contents, upload.Options{TempDir: w.TempDir(), Now: w.clock.now})
	if err != nil {
		w.Fatal(err)
	}
	lines := []string{header("")}
	for i, f := range result.Files {
		lines = append(lines, line("lfsFile", wire.CommitLFSFile{Path: fmt.Sprintf("%d.bin", i), Algo: "sha256", OID: fmt.Sprintf("%x", f.SHA256), Size: f.Size}))
	}
	w.want(w.commit(user, repo, "main", lines...), 200)
	return result
}

func data(content []byte) upload.Content {
	return upload.Content{Data: io.NewSectionReader(bytes.NewReader(content), 0, int64(len(content)))}
}

// xetHash is how the repo's main branch names a file in the Xet protocol.
func (w *world) xetHash(user, repo, path string) merkle.Hash {
	w.Helper()
	a := w.want(w.do(user, "HEAD", "/"+repo+"/resolve/main/"+path, nil), 302)
	hash, err := merkle.Parse(a.Header.Get(wire.HeaderXetHash))
	if err != nil {
		w.Fatal(err)
	}
	return hash
}

// buffer is memory to download into.
type buffer []byte

func (b buffer) WriteAt(p []byte, at int64) (int, error) { return copy(b[at:], p), nil }

// getXet fetches a file chunk by chunk.
func (w *world) getXet(user, repo, path string, size int) ([]byte, error) {
	w.Helper()
	to := make(buffer, size)
	err := w.xet(user, repo, "read").Download(w.Context(), xet.Download{File: w.xetHash(user, repo, path), Size: int64(size), To: to})
	return to, err
}

// wantXet fails the test unless a file is content, fetched chunk by chunk and
// as a whole.
func (w *world) wantXet(user, repo, path string, content []byte) {
	w.Helper()
	if got, err := w.getXet(user, repo, path, len(content)); err != nil || !bytes.Equal(got, content) {
		w.Errorf("%s: by chunks it is another file, %v", path, err)
	}
	if got := w.get(user, repo, "main", path); !bytes.Equal(got, content) {
		w.Errorf("%s: as a whole it is another file", path)
	}
}

// count is how many requests there were whose method and path begin so, and how
// many bytes they brought.
func (w *world) count(prefix string) (n int, received int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.log {
		if strings.HasPrefix(r.Method+" "+r.Path, prefix) {
			n++
			received += r.Received
		}
	}
	return n, received
}

// insert is content with 9 bytes more in the middle.
func insert(content []byte) []byte {
	half := len(content) / 2
	return bytes.Join([][]byte{content[:half], []byte("nine more"), content[half:]}, nil)
}

func TestXetUploadAndDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	first, other := random(3_000_000, 1), random(400_000, 2)
	result := w.sendXet("ann", "ann/model", data(first), data(other))
	if result.Stats.New != 3_400_000 {
		t.Errorf("%+v", result.Stats)
	}
	w.wantXet("", "ann/model", "0.bin", first)
	w.wantXet("", "ann/model", "1.bin", other)
	if got := w.xetHash("", "ann/model", "0.bin"); got != result.Files[0].Hash {
		t.Errorf("X-Xet-Hash is %v, the client says %v", got, result.Files[0].Hash)
	}
	tree := decode[[]wire.TreeEntry](w, w.want(w.do("", "GET", "/api/models/ann/model/tree/main", nil), 200))
	if i := len(tree) - 1; tree[i].XetHash != result.Files[1].Hash.String() {
		t.Errorf("the tree has %+v", tree[i])
	}

	second := insert(first)
	stats := w.sendXet("ann", "ann/model", data(second)).Stats
	if stats.Dedup < 2_700_000 || stats.Sent > 300_000 {
		t.Errorf("of a file with 9 new bytes: %+v", stats)
	}
	w.wantXet("", "ann/model", "0.bin", second)
	if n, _ := w.count("PUT /-/object"); n > 0 {
		t.Error("something was sent as a whole")
	}
	part := w.want(w.do("", "GET", w.do("", "HEAD", "/ann/model/resolve/main/0.bin", nil).Header.Get("Location"), nil, "Range", "bytes=1499990-1500019"), 206)
	if !bytes.Equal(part.body, second[1499990:1500020]) {
		t.Errorf("a range of the whole: %q", part.body)
	}
}

// What came by LFS is chunks, too.
func TestConversion(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/base", "public")
	w.create("ann/model", "public")
	base := random(3_000_000, 1)
	w.upload("ann", "ann/base", base)
	w.want(w.commit("ann", "ann/base", "main", header(""), lfsLine("0.bin", base)), 200)
	w.wantXet("", "ann/base", "0.bin", base)

	derived := insert(base)
	source := &upload.Source{Client: w.xet("ann", "ann/base", "read"), File: w.xetHash("", "ann/base", "0.bin"), Data: data(base).Data}
	known := data(derived)
	known.Known = []upload.Known{{At: 1_500_009, Size: 1_500_000, Source: source, From: 1_500_000}}
	stats := w.sendXet("ann", "ann/model", known).Stats
	if stats.Sent > 300_000 || stats.Known < 1_000_000 || stats.Dedup < 1_000_000 {
		t.Errorf("of a file with 9 new bytes: %+v", stats)
	}
	w.wantXet("", "ann/model", "0.bin", derived)

	// The base goes, what is made of it stays; then nothing does.
	before := w.casURL()
	w.want(w.do("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "ann/base"}), 200)
	w.wantXet("", "ann/model", "0.bin", derived)
	if w.casURL() != before {
		t.Error("no xorb was removed, but the address changed")
	}
	w.want(w.do("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "ann/model"}), 200)
	w.create("ann/model", "public")
	if w.casURL() == before {
		t.Error("xorbs were removed, and clients go on to count on them")
	}
	if stats := w.sendXet("ann", "ann/model", data(derived)).Stats; stats.New != int64(len(derived)) {
		t.Errorf("after all was deleted: %+v", stats)
	}
	w.wantXet("", "ann/model", "0.bin", derived)
}

func (w *world) casURL() string {
	w.Helper()
	return decode[wire.XetToken](w, w.want(w.do("ann", "GET", "/api/models/ann/model/xet-write-token/main", nil), 200)).CASURL
}

// Content that is there in one form is not kept in the other one too.
func TestContentIsKeptOnce(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	w.create("ann/model", "public")
	w.want(w.do("bob", "POST", "/api/repos/create", wire.CreateRepo{Name: "model", Visibility: "private"}), 200)
	a, b := random(300_000, 1), random(300_000, 2)
	w.sendXet("ann", "ann/model", data(a))
	w.create("ann/private", "private")
	w.upload("ann", "ann/private", b)
	w.want(w.commit("ann", "ann/private", "main", header(""), lfsLine("0.bin", b)), 200)

	w.upload("bob", "bob/model", a) // he may read it, so it is not asked for
	if _, err := os.Stat(dir + "/objects/" + sha(a)[:2] + "/" + sha(a)); err == nil {
		t.Error("what came in chunks is kept as a whole, too")
	}
	if stats := w.sendXet("bob", "bob/model", data(b)).Stats; stats.New != 300_000 {
		t.Errorf("bob has to send what he can not know to be there: %+v", stats)
	}
	w.wantXet("bob", "bob/model", "0.bin", b)
	if fi, err := os.Stat(dir + "/objects/" + sha(b)[:2] + "/" + sha(b)); err != nil || fi.Size() != 300_000 {
		t.Errorf("the whole is gone: %v", err)
	}
}

func TestReopenedXet(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, func(o *localhub.Options) { o.NoXet = true })
	w.create("ann/model", "public")
	old, fresh := random(400_000, 1), random(400_000, 2)
	w.upload("ann", "ann/model", old)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("old.bin", old)), 200)
	if h := w.want(w.do("", "HEAD", "/ann/model/resolve/main/old.bin", nil), 302).Header; h.Get(wire.HeaderXetHash) != "" || h.Get("Link") != "" {
		t.Errorf("a hub without Xet says %v", h)
	}
	w.want(w.do("ann", "GET", "/api/models/ann/model/xet-write-token/main", nil), 404)
	w.want(w.do("", "GET", "/-/cas/x/v2/reconstructions/"+merkle.Hash{}.String(), nil), 404)
	w.close()

	w = openWorld(t, dir, nil) // finds the chunks of what came before
	if err := w.hub.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantXet("", "ann/model", "old.bin", old)
	w.sendXet("ann", "ann/model", data(fresh), data(insert(old)))
	token := w.want(w.do("", "GET", "/api/models/ann/model/xet-read-token/main", nil), 200)
	w.close()

	w = openWorld(t, dir, nil)
	w.wantXet("", "ann/model", "0.bin", fresh)
	w.wantXet("", "ann/model", "1.bin", insert(old))
	if url := w.casURL(); !strings.HasSuffix(decode[wire.XetToken](w, token).CASURL, url[len(w.url):]) {
		t.Error("the chunks' address changed over a restart")
	}
	w.close()

	w = openWorld(t, dir, func(o *localhub.Options) { o.NoXet = true })
	if got := w.get("", "ann/model", "main", "1.bin"); !bytes.Equal(got, insert(old)) {
		t.Error("without Xet what was made of chunks can not be had any more")
	}
}
