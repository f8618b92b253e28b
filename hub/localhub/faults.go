package localhub

import (
	"cmp"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Fault is a way to misbehave, and the requests that meet it. The zero value
// of each field changes nothing.
type Fault struct {
	Method string // only requests with this method
	Path   string // only requests whose path contains this; CDN addresses start with "/-/cdn/"
	Skip   int    // let so many matching requests pass first
	Times  int    // then misbehave so often; 0: always

	Delay time.Duration // answer so much later, as a hub far away does

	Status  int         // answer this, without doing anything
	Message string      // of that answer; the status' own text when empty
	Header  http.Header // set on whatever is answered; an empty value removes the header

	IgnoreRange  bool   // 200 with the whole body
	ETag         string // another ETag, quotes included
	ContentRange string // another Content-Range
	Extra        int64  // the body is so much longer, or shorter, than Content-Range and the file say

	CutRequest bool            // break the connection after After bytes of the request's body
	After      int64           // bytes of the body that pass unharmed before Cut, Corrupt or Stall
	Cut        bool            // break the connection
	Corrupt    bool            // send wrong bytes
	Wrong      int64           // so many bytes are wrong if Corrupt; 0: all that follow
	Stall      <-chan struct{} // send nothing until this is closed or the client gives up
}

// Faults is what a Hub is to do wrong. The first fault that matches a request
// applies. It may be changed while the Hub runs; a nil *Faults holds none.
type Faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Add puts faults at the end of the list.
func (fs *Faults) Add(faults ...Fault) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range faults {
		if f.Times == 0 {
			f.Times = -1
		}
		fs.list = append(fs.list, &f)
	}
}

// Clear makes the Hub behave again.
func (fs *Faults) Clear() {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.list = nil
}

// next finds the fault for a request, and uses it up by one.
func (fs *Faults) next(r *http.Request) *Fault {
	if fs == nil {
		return nil
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, f := range fs.list {
		if f.Times == 0 || (f.Method != "" && f.Method != r.Method) || !strings.Contains(r.URL.Path, f.Path) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			f.Times--
		}
		once := *f
		return &once
	}
	return nil
}

// serve answers a request the wrong way.
func (f *Fault) serve(w http.ResponseWriter, r *http.Request, next func(http.ResponseWriter) error) error {
	if f.Delay > 0 {
		select {
		case <-time.After(f.Delay):
		case <-r.Context().Done():
		}
	}
	if f.Status != 0 {
		f.patch(w.Header())
		err := &apiError{Status: f.Status, Message: cmp.Or(f.Message, http.StatusText(f.Status))}
		writeError(w, r, err)
		return err
	}
	if f.IgnoreRange {
		r.Header.Del("Range")
	}
	if f.CutRequest {
		r.Body = &cutBody{r.Body, f.After}
	}
	out := &faultWriter{ResponseWriter: w, fault: f, request: r, want: -1}
	err := next(out)
	out.finish()
	return err
}

func (f *Fault) patch(h http.Header) {
	for name, values := range f.Header {
		h.Del(name)
		for _, v := range values {
			if v != "" {
				h.Add(name, v)
			}
		}
	}
	if f.ETag != "" {
		h.Set("ETag", f.ETag)
	}
	if f.ContentRange != "" {
		h.Set("Content-Range", f.ContentRange)
	}
}

// cutBody breaks the connection after some bytes.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		panic(http.ErrAbortHandler)
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// faultWriter bends an answer on its way out.
type faultWriter struct {
	http.ResponseWriter
	fault   *Fault
	request *http.Request
	wrote   bool  // the header
	sent    int64 // body bytes
	wrong   int64 // of them, corrupted ones
	want    int64 // body bytes to send in all, -1 for as many as come
}

func (w *faultWriter) WriteHeader(status int) {
	w.wrote = true
	h := w.Header()
	w.fault.patch(h)
	if n, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64); err == nil && w.fault.Extra != 0 && status < 300 {
		w.want = max(n+w.fault.Extra, 0)
		h.Set("Content-Length", strconv.FormatInt(w.want, 10))
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *faultWriter) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	n := len(p)
	if w.want >= 0 {
		p = p[:min(int64(n), max(w.want-w.sent, 0))]
	}
	good := p[:min(int64(len(p)), max(w.fault.After-w.sent, 0))]
	if err := w.pass(good); err != nil {
		return 0, err
	}
	if bad := p[len(good):]; len(bad) > 0 {
		if err := w.pass(w.bend(bad)); err != nil {
			return 0, err
		}
	}
	return n, nil // what Extra swallowed counts as sent, or the handler would stop
}

func (w *faultWriter) pass(p []byte) error {
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return err
}

// bend does to bytes past After what the fault says.
func (w *faultWriter) bend(p []byte) []byte {
	if w.fault.Stall != nil || (w.fault.Cut && w.sent > 0) {
		http.NewResponseController(w.ResponseWriter).Flush()
	}
	if w.fault.Stall != nil {
		select {
		case <-w.fault.Stall:
		case <-w.request.Context().Done():
		}
	}
	if w.fault.Cut {
		panic(http.ErrAbortHandler)
	}
	if w.fault.Corrupt {
		wrong := slices.Clone(p)
		for i := range wrong {
			if w.fault.Wrong > 0 && w.wrong == w.fault.Wrong {
				break
			}
			wrong[i] = ^p[i]
			w.wrong++
		}
		return wrong
	}
	return p
}

// finish sends what Extra adds.
func (w *faultWriter) finish() {
	for w.sent < w.want {
		if w.pass(make([]byte, min(w.want-w.sent, 32<<10))) != nil {
			return
		}
	}
}
