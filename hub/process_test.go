//go:build unix

package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"longcat/hub"
)

// TestMain lets the test binary be a downloader of its own, which can be
// killed.
func TestMain(m *testing.M) {
	if os.Getenv("HUB_TEST_ENDPOINT") != "" {
		if err := child(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child downloads the weights as its environment says.
func child() error {
	if limit := os.Getenv("HUB_TEST_FILE_LIMIT"); limit != "" {
		n, err := strconv.ParseUint(limit, 10, 64)
		if err != nil {
			return err
		}
		signal.Ignore(syscall.SIGXFSZ) // writes beyond the limit then fail
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	rate, _ := strconv.ParseInt(os.Getenv("HUB_TEST_RATE"), 10, 64)
	c, err := hub.New(hub.Config{Endpoint: os.Getenv("HUB_TEST_ENDPOINT"), Token: token, CacheDir: os.Getenv("HUB_TEST_CACHE"), RetryFor: time.Second, Rate: rate})
	if err != nil {
		return err
	}
	o := onlyWeights
	o.Waiting = func(string) { fmt.Println("waiting") }
	snap, err := c.Download(context.Background(), o)
	if err == nil {
		fmt.Println(snap.Files[weights])
	}
	return err
}

// downloader is a process that downloads the weights into a cache.
func (w *world) downloader(cacheDir string, env ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HUB_TEST_ENDPOINT="+w.url, "HUB_TEST_CACHE="+cacheDir)
	cmd.Env = append(cmd.Env, env...)
	return cmd
}

// A download that is killed again and again ends with the right file, and what
// was in flight at each kill is all that came twice.
func TestKilledDownload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(64<<20, 7)
	w.seed(files{weights: content})
	cacheDir := filepath.Join(t.TempDir(), "hub")
	rng := rand.New(rand.NewPCG(4, 2))
	const kills, rate = 8, 48 << 20
	killed := 0
	for range kills {
		cmd := w.downloader(cacheDir, "HUB_TEST_RATE="+strconv.Itoa(rate))
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(50*time.Millisecond + time.Duration(rng.Int64N(int64(150*time.Millisecond)))) // a moment of its own life, not a synchronisation
		if cmd.Process.Kill() == nil && cmd.Wait() != nil {
			killed++
		}
		wantNoFile(t, filepath.Join(cacheDir, "models--ann--model", "blobs"))
	}
	if killed < kills {
		t.Fatalf("%d of %d processes lived to be killed", killed, kills)
	}
	out, err := w.downloader(cacheDir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	wantFile(t, strings.TrimSpace(string(out)), content)
	// In flight: the ranges asked for near a hub, and the requests that a dead
	// process no longer reads.
	const inFlight = 4 << 20
	if sent := w.fromCDN(); sent > int64(len(content))+kills*inFlight {
		t.Errorf("%d bytes were sent for a file of %d", sent, len(content))
	} else {
		t.Logf("%d bytes were sent for a file of %d", sent, len(content))
	}
	if left, _ := filepath.Glob(filepath.Join(cacheDir, "*/blobs/*longcat*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Two processes that want the same file bring it once.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(24<<20, 8)
	w.seed(files{weights: content})
	cacheDir := filepath.Join(t.TempDir(), "hub")
	var wg sync.WaitGroup
	var outs [3]bytes.Buffer
	for i := range outs {
		wg.Go(func() {
			cmd := w.downloader(cacheDir)
			cmd.Stdout, cmd.Stderr = &outs[i], &outs[i]
			if err := cmd.Run(); err != nil {
				t.Errorf("process %d: %v: %s", i, err, &outs[i])
			}
		})
	}
	wg.Wait()
	for i := range outs {
		lines := strings.Fields(outs[i].String())
		if len(lines) == 0 {
			t.Fatalf("process %d said nothing", i)
		}
		wantFile(t, lines[len(lines)-1], content)
	}
	if n := w.fromCDN(); n != int64(len(content)) {
		t.Errorf("%d bytes were sent for a file of %d", n, len(content))
	}
}

// A disk that fills up ends the download with what the system says, keeps what
// arrived, and leaves nothing under a final name.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := blob(6<<20, 9)
	w.seed(files{weights: content})
	cacheDir := filepath.Join(t.TempDir(), "hub")
	out, err := w.downloader(cacheDir, "HUB_TEST_FILE_LIMIT="+strconv.Itoa(4<<20)).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "file too large") || !strings.Contains(string(out), weights) {
		t.Fatalf("%v: %s", err, out)
	}
	wantNoFile(t, cacheDir)

	out, err = w.downloader(cacheDir).CombinedOutput()
	if err != nil {
		t.Fatalf("with room again: %v: %s", err, out)
	}
	wantFile(t, strings.TrimSpace(string(out)), content)
}
