package localhub

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"longcat/hub/internal/wire"
)

var requestID = regexp.MustCompile(`^[0-9A-Za-z=;:._-]{1,100}$`)

// ServeHTTP answers one request.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := h.serial.Add(1)
	began := h.opts.Now()
	entry := Request{
		ID:    fmt.Sprintf("Root=1-%08x-%024x", began.Unix(), n),
		Began: began, Remote: r.RemoteAddr,
		Method: r.Method, Host: r.Host, Path: r.URL.Path, Range: r.Header.Get("Range"),
		Authorized: r.Header.Get("Authorization") != "",
	}
	conn := http.NewResponseController(w)
	out := &recorder{ResponseWriter: w, head: r.Method == http.MethodHead, pace: pacedWriter{conn: conn}}
	out.pace.extend()
	body := &pacedBody{ReadCloser: r.Body, conn: conn, grace: h.opts.BodyGrace}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = body
		body.begin()
	}
	if id := r.Header.Get(wire.HeaderRequestID); requestID.MatchString(id) { // a client that names its requests finds them again
		entry.ID = id
	}
	out.Header().Set(wire.HeaderRequestID, entry.ID)
	defer func() {
		if h.opts.Log != nil {
			entry.Status, entry.Sent, entry.Received = out.status, out.sent, body.n
			entry.Duration = h.opts.Now().Sub(began)
			h.opts.Log(entry)
		}
	}()
	h.enter(r)
	c := &call{Request: r, public: strings.TrimSuffix(h.opts.PublicURL, "/"), browser: fromBrowser(r)}
	if fault := h.opts.Faults.next(r); fault != nil {
		entry.Err = fault.serve(out, r, func(w http.ResponseWriter) error { return h.answer(w, c) })
	} else {
		entry.Err = h.answer(out, c)
	}
	if c.token != nil {
		entry.User = c.token.User
	}
}

// serveHealth answers GET /healthz: that the directory can be read.
func (h *Hub) serveHealth(w http.ResponseWriter) error {
	status, text := http.StatusOK, "ok\n"
	_, err := h.store.Repos()
	if err != nil {
		status, text = http.StatusServiceUnavailable, "the hub's directory can not be read\n"
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	io.WriteString(w, text) // an error means that the client is gone
	return err
}

// enter takes the prefix of the public address off the request's path: proxies
// leave it there or not.
func (h *Hub) enter(r *http.Request) {
	if h.prefix == "" {
		return
	}
	if path, ok := strings.CutPrefix(r.URL.Path, h.prefix); ok && (path == "" || path[0] == '/') {
		r.URL.Path = cmp.Or(path, "/")
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, h.prefix)
	}
}

// answer serves the call or says why not.
func (h *Hub) answer(w http.ResponseWriter, c *call) error {
	if c.URL.Path == "/healthz" { // for whoever watches, by whatever name
		return h.serveHealth(w)
	}
	err := h.hosts.check(c.Host)
	if err == nil {
		err = h.route(w, c)
	}
	if err == nil {
		return nil // no handler fails after it began to answer
	}
	if c.browser {
		h.writeErrorPage(w, c, err)
	} else {
		writeError(w, c.Request, err)
	}
	return err
}

// recorder notes what an answer was. It hands whole files through to the
// connection (ReadFrom), so that the kernel copies them.
type recorder struct {
	http.ResponseWriter
	head   bool // nothing is sent, whatever is written
	status int
	sent   int64
	pace   pacedWriter
}

func (w *recorder) WriteHeader(status int) {
	w.pace.extend()
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.pace.extend()
	n, err := w.ResponseWriter.Write(p)
	if !w.head {
		w.sent += int64(n)
	}
	return n, err
}

// ReadFrom implements io.ReaderFrom.
func (w *recorder) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.copy(src)
	w.sent += n
	return n, err
}

// step is how much of a file is sent within a client's time.
const step = 4 << 20

// copy leaves files to the kernel, a step at a time. What is put together from
// chunks is sent in steps larger than io.Copy's, from buffers that are used
// again.
func (w *recorder) copy(src io.Reader) (n int64, err error) {
	inner := src
	if l, ok := src.(*io.LimitedReader); ok { // a range, as net/http asks for it
		inner = l.R
	}
	if _, ok := inner.(*os.File); !ok {
		return copyAll(pacedCopy{w}, src)
	}
	for {
		w.pace.extend()
		k, err := io.CopyN(w.ResponseWriter, src, step)
		n += k
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// pacedCopy writes without counting: its user does.
type pacedCopy struct{ *recorder }

func (w pacedCopy) Write(p []byte) (int, error) {
	w.pace.extend()
	return w.ResponseWriter.Write(p)
}

// Unwrap serves http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
