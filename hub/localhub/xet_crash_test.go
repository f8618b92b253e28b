package localhub_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// TestKillXet kills a Hub while chunks are sent, files are made of them, and
// repos are deleted. Whatever was answered must be there afterwards, and
// clients can go on.
func TestKillXet(t *testing.T) {
	dir := t.TempDir()
	shared := random(600_000, 1)
	answered := map[string][]byte{} // by path in ann/model
	w := openWorld(t, dir, nil)
	w.create("ann/model", "public")
	w.sendXet("ann", "ann/model", data(shared))
	w.close()
	for round := range 2 {
		killDuringXet(t, dir, round, shared, answered)
		w := openWorld(t, dir, func(o *localhub.Options) { o.Now = time.Now })
		if err := w.hub.Settle(t.Context()); err != nil {
			t.Error(err)
		}
		for path, content := range answered {
			w.wantXet("ann", "ann/model", path, content)
		}
		if err := w.trySendXet("ann/model", insert(shared)); err != nil {
			t.Errorf("after the kill: %v", err)
		}
		w.close()
	}
	if len(answered) < 5 {
		t.Errorf("only %d files were answered: the kills came too early to prove anything", len(answered))
	}
}

// killDuringXet runs a Hub, lets clients send, and kills it when some of what
// they sent was answered.
func killDuringXet(t *testing.T, dir string, round int, shared []byte, answered map[string][]byte) {
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
	w := &world{T: t, url: strings.TrimSpace(address), clock: clock{at: time.Now()}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := 0
	for client := range 2 {
		wg.Go(func() {
			for n := byte(0); ; n++ {
				path := fmt.Sprintf("r%d-c%d-%d.bin", round, client, n)
				content := bytes.Join([][]byte{shared, random(200_000, byte(50*round+20*client)+n+2)}, nil)
				if w.trySendXetAs("ann/model", path, content) != nil {
					return
				}
				mu.Lock()
				answered[path] = content
				if count++; count == 2+round {
					cmd.Process.Kill()
				}
				mu.Unlock()
			}
		})
	}
	wg.Go(func() { // something to remove meanwhile
		for n := byte(0); ; n++ {
			repo := fmt.Sprintf("ann/r%d-%d", round, n)
			a, err := w.try("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: repo[4:], Organization: "ann"})
			if err != nil || a.StatusCode != 200 || w.trySendXet(repo, random(200_000, 200+n)) != nil {
				return
			}
			if _, err := w.try("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: repo}); err != nil {
				return
			}
		}
	})
	wg.Wait()
	cmd.Wait() // "signal: killed"
}
