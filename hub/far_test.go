package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
)

// farProbe is no multiple of anything, so that chunks straddle its borders.
const farProbe = 500_001

// far is a hub that has one file in chunks, and answers no question for a range
// as soon as a hub of this network does.
func far(t *testing.T) (*world, []byte) {
	w := newWorld(t)
	content := blob(6_000_000, 1)
	if _, err := w.client().CreateRepo(t.Context(), repo, ""); err != nil {
		t.Fatal(err)
	}
	_, err := w.client(func(c *hub.Config) { c.NoXet = false }).Upload(t.Context(), hub.Upload{Repo: repo, Files: files{weights: content}.upload(), Message: "seed"})
	if err != nil {
		t.Fatal(err)
	}
	w.behave()
	return w, content
}

// behave leaves only the delay.
func (w *world) behave() {
	w.faults.Clear()
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Delay: 20 * time.Millisecond})
	w.forget()
}

// farClient takes chunks where they are faster.
func (w *world) farClient() *hub.Client {
	c := w.client(func(c *hub.Config) { c.NoXet = false })
	c.SetProbe(farProbe)
	return c
}

// A file from a hub that is far away comes as ranges and as chunks. Whichever
// byte of either is wrong on the way, what stands under the final name is right.
func TestFarDownloadWithWrongBytes(t *testing.T) {
	t.Parallel()
	w, content := far(t)
	for _, path := range []string{"/-/xorb/", "/-/cdn/"} {
		for skip := range 2 {
			for _, after := range []int64{0, 7, 9, farProbe % (64 << 10), 65_536, 131_072, 400_000, 1_000_000} {
				w.forget()
				w.faults.Clear()
				w.faults.Add(localhub.Fault{Path: path, Delay: 20 * time.Millisecond, Skip: skip, Times: 1, Corrupt: true, Wrong: 1, After: after},
					localhub.Fault{Path: "/-/cdn/", Delay: 20 * time.Millisecond})
				snap, err := w.farClient().Download(t.Context(), onlyWeights)
				if err != nil {
					t.Fatalf("%s, answer %d, byte %d: %v", path, skip, after, err)
				}
				wantFile(t, snap.Files[weights], content)
				if len(w.requests(path200("/-/xorb/"))) == 0 {
					t.Fatal("no chunk was fetched")
				}
			}
		}
	}
}

func path200(part string) func(localhub.Request) bool {
	return func(r localhub.Request) bool { return path("GET", part)(r) && r.Status < 300 }
}

// The same of a download that is interrupted in ranges or in chunks, with a
// wrong byte before or after that.
func TestFarDownloadResumedWithWrongBytes(t *testing.T) {
	t.Parallel()
	w, content := far(t)
	for _, stop := range []string{"/-/cdn/", "/-/xorb/"} {
		for _, wrongFirst := range []bool{true, false} {
			for _, wrong := range []string{"/-/cdn/", "/-/xorb/"} {
				for _, after := range []int64{5, 70_000, 300_000} {
					name := fmt.Sprintf("stopped at %s, %s wrong at byte %d (before: %v)", stop, wrong, after, wrongFirst)
					corrupt := localhub.Fault{Path: wrong, Delay: 20 * time.Millisecond, Times: 1, Corrupt: true, Wrong: 1, After: after}
					c := w.farClient()
					w.forget()
					w.faults.Clear()
					if wrongFirst {
						w.faults.Add(corrupt)
					}
					w.faults.Add(localhub.Fault{Path: "/-/cdn/", Delay: 20 * time.Millisecond})
					ctx, cancel := context.WithCancelCause(t.Context())
					stopped := errors.New("stopped")
					w.before(func(_ http.ResponseWriter, r *http.Request) {
						if strings.Contains(r.URL.Path, stop) && len(w.requests(path200(stop))) > 0 {
							cancel(stopped)
						}
					})
					if _, err := c.Download(ctx, onlyWeights); err != nil && !errors.Is(err, stopped) {
						t.Fatalf("%s: %v", name, err)
					}
					w.before(func(http.ResponseWriter, *http.Request) {})
					if !wrongFirst {
						w.faults.Clear()
						w.faults.Add(corrupt, localhub.Fault{Path: "/-/cdn/", Delay: 20 * time.Millisecond})
					}
					snap, err := c.Download(t.Context(), onlyWeights)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if got, err := os.ReadFile(snap.Files[weights]); err != nil || !bytes.Equal(got, content) {
						t.Fatalf("%s: the file differs (%v)", name, err)
					}
				}
			}
		}
	}
}

// Bytes that are wrong each time give no file.
func TestFarDownloadAlwaysWrong(t *testing.T) {
	for _, path := range []string{"/-/xorb/", "/-/cdn/", "/-/"} {
		w, content := far(t)
		w.faults.Clear()
		w.faults.Add(localhub.Fault{Path: path, Delay: 5 * time.Millisecond, Corrupt: true, Wrong: 1, After: 100_000})
		c := w.farClient()
		snap, err := c.Download(t.Context(), onlyWeights)
		if path == "/-/xorb/" { // ranges are right
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, snap.Files[weights], content)
			continue
		}
		if err == nil {
			t.Error("wrong bytes were taken")
		}
		wantNoFile(t, c.CacheDir())
	}
}
