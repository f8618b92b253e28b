package localhub_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

const crashDir = "LOCALHUB_CRASH_DIR"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(crashDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	hub, err := localhub.Open(dir, localhub.Options{
		Tokens:    []localhub.Token{{Secret: "hf_ann", User: "ann", Role: localhub.Write}},
		Multipart: 1000, PartSize: 300,
	})
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	panic(http.Serve(listener, hub))
}

// TestKill kills a Hub while commits and uploads are under way. Whatever was
// answered must be there afterwards, and whatever is there must be whole.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	answered := map[string]string{} // path → content, of commits that were answered
	for round := range 4 {
		killDuringCommits(t, dir, round, answered)
		w := openWorld(t, dir, nil)
		if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 1 { // this process' own
			t.Errorf("tmp holds %v, %v", left, err)
		}
		checkWhole(w, answered)
		w.close()
	}
	if len(answered) < 8 {
		t.Errorf("only %d commits were answered: the kills came too early to prove anything", len(answered))
	}
}

// killDuringCommits runs a Hub, lets three clients commit, and kills it when
// some commits were answered.
func killDuringCommits(t *testing.T, dir string, round int, answered map[string]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	w := &world{T: t, url: strings.TrimSpace(address)}
	if round == 0 {
		w.create("ann/model", "public")
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := 0
	for client := range 3 {
		wg.Go(func() {
			for n := 0; ; n++ {
				small, content := fmt.Sprintf("r%d/c%d/%d.txt", round, client, n), blob(1450, byte(100*round+30*client+n))
				if !w.tryCommit(small, content) {
					return
				}
				mu.Lock()
				answered[small], answered[small+".bin"] = small, string(content)
				if count++; count == 4+3*round {
					cmd.Process.Kill()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	cmd.Wait() // "signal: killed"
}

// tryCommit uploads an object and commits it and a small file. It reports
// whether all was answered.
func (w *world) tryCommit(path string, content []byte) bool {
	a, err := w.try("ann", "POST", "/ann/model.git/info/lfs/objects/batch", wire.LFSBatchRequest{
		Operation: "upload", Transfers: []string{"multipart"}, Objects: []wire.LFSObject{{OID: sha(content), Size: int64(len(content))}},
	})
	if err != nil || a.StatusCode != 200 {
		return false
	}
	if up := decode[wire.LFSBatchResponse](w, a).Objects[0].Actions["upload"]; up != nil {
		size, addresses := partAddresses(up)
		done := wire.LFSComplete{OID: sha(content)}
		for i, address := range addresses {
			part, err := w.try("", "PUT", address, content[i*size:min((i+1)*size, len(content))])
			if err != nil {
				return false
			}
			done.Parts = append(done.Parts, wire.LFSPart{PartNumber: i + 1, ETag: part.Header.Get("ETag")})
		}
		if a, err = w.try("", "POST", up.Href, done); err != nil || a.StatusCode != 200 {
			return false
		}
	}
	a, err = w.try("ann", "POST", "/api/models/ann/model/commit/main", []byte(header("")+fileLine(path, path)+lfsLine(path+".bin", content)))
	return err == nil && a.StatusCode == 200
}

// checkWhole reads every file of every commit, and looks for what was answered.
func checkWhole(w *world, answered map[string]string) {
	w.Helper()
	a := w.want(w.do("", "GET", "/api/models/ann/model/commits/main", nil), 200)
	for _, c := range decode[[]struct{ ID string }](w, a) {
		a := w.want(w.do("", "GET", "/api/models/ann/model/tree/"+c.ID+"?recursive=true", nil), 200)
		for _, e := range decode[[]wire.TreeEntry](w, a) {
			if e.Type == "directory" {
				continue
			}
			content := w.get("", "ann/model", c.ID, e.Path)
			if id, err := wire.BlobID(bytes.NewReader(content), int64(len(content))); e.LFS == nil && (err != nil || id != e.OID) {
				w.Errorf("%s at %s has other content than its id says", e.Path, c.ID)
			}
			if e.LFS != nil && sha(content) != e.LFS.OID {
				w.Errorf("%s at %s has other content than its sha256 says", e.Path, c.ID)
			}
		}
	}
	for path, content := range answered {
		if got := w.get("", "ann/model", "main", path); string(got) != content {
			w.Errorf("%s was committed and is not there any more", path)
		}
	}
}
