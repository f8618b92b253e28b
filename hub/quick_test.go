package hub

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub/cache"
	"longcat/internal/progress"
)

// A range that breaks off when the other workers have left, because the hub
// turned out to be quick, is asked for again.
func TestQuickLeavesNothingBehind(t *testing.T) {
	const size = 6 * leastRange
	data := bytes.Repeat([]byte("longcat "), size/8)
	for range 10 {
		lim := newLimits(4, false)
		lim.near, lim.window = true, leastRange
		var asked atomic.Int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := asked.Add(1)
			if n != 6 { // the last range is the one that breaks off
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
				return
			}
			var first, last int
			fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-%d", &first, &last)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", first, last, size))
			w.Header().Set("Content-Length", fmt.Sprint(last-first+1))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[first : first+1000])
			_ = http.NewResponseController(w).Flush()
			lim.mu.Lock()
			lim.setQuick(true) // so said another file's range
			lim.mu.Unlock()
			panic(http.ErrAbortHandler)
		}))
		c, err := New(Config{Endpoint: srv.URL, RetryWaitMin: time.Millisecond, RetryWaitMax: time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		f := &File{Repo: Repo{ID: "ann/model"}, Path: "m.bin", Size: size, location: srv.URL}
		sink := &partSink{buf: make([]byte, size)}
		if err := c.transfer(t.Context(), f, sink, lim, progress.Start(nil, "", "", 0)); err != nil || !bytes.Equal(sink.buf, data) {
			t.Errorf("the bytes differ, %v", err)
		}
		srv.Close()
	}
}

// partSink takes ranges in any order.
type partSink struct{ buf []byte }

func (s *partSink) Missing() []cache.Extent {
	return []cache.Extent{{Start: 0, End: int64(len(s.buf))}}
}

func (s *partSink) Receive(r io.Reader, e cache.Extent, _ bool) (int64, error) {
	n, err := io.ReadFull(r, s.buf[e.Start:e.End])
	return int64(n), err
}
