package localhub

import (
	"io"
	"net/http"
	"time"
)

// How slow a client may be. Whoever is slower for long is cut off: an open
// connection is not for free.
const (
	patience = time.Minute // that nothing arrives, or nothing is taken
	minRate  = 1 << 10     // bytes a second that a body has on average
)

// pacedBody is a request's body that must come at a certain pace. It counts
// what came.
type pacedBody struct {
	io.ReadCloser
	conn  *http.ResponseController
	grace time.Duration // before the rate counts
	began time.Time
	n     int64
	set   time.Time // the deadline
}

// begin sets the first deadline, which holds for bodies that nobody reads, too:
// the server itself waits for their end.
func (b *pacedBody) begin() {
	b.began = time.Now()
	b.expect(b.began)
}

// expect gives the client some time.
func (b *pacedBody) expect(now time.Time) {
	deadline := b.began.Add(b.grace + time.Duration(b.n/minRate)*time.Second)
	if latest := now.Add(patience); deadline.After(latest) {
		deadline = latest
	}
	if deadline.Sub(b.set).Abs() > time.Second {
		b.set = deadline
		_ = b.conn.SetReadDeadline(deadline) // a connection without deadlines is not the network's
	}
}

func (b *pacedBody) Read(p []byte) (int, error) {
	b.expect(time.Now())
	n, err := b.ReadCloser.Read(p)
	b.n += int64(n)
	if err == io.EOF { // from here on silence is no fault: the server listens for the client's going away
		b.set = time.Time{}
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	return n, err
}

// pacedWriter gives a client some time for each piece of an answer.
type pacedWriter struct {
	conn *http.ResponseController
	set  time.Time
}

func (w *pacedWriter) extend() {
	if now := time.Now(); now.Sub(w.set) > time.Second {
		w.set = now
		_ = w.conn.SetWriteDeadline(now.Add(2 * patience))
	}
}
