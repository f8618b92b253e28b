package hub

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// stallWatch ends a request when no byte moves for limit: while the body is
// sent, while the answer is awaited, while it is read.
type stallWatch struct {
	limit time.Duration
	next  http.RoundTripper
}

// answerWithin, as a context key, is another limit of the wait for an answer.
type answerWithin struct{}

// answerPatience is how many times the limit a slow request may take to be
// answered once it is sent: servers hash gigabytes before they say yes.
const answerPatience = 10

func (s *stallWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	answer := s.limit
	if d, ok := ctx.Value(answerWithin{}).(time.Duration); ok {
		answer = d
	}
	timer := time.AfterFunc(answer, func() { cancel(ErrStalled) })
	req = req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		timer.Reset(s.limit)
		req.Body = &sentBody{ReadCloser: req.Body, timer: timer, limit: s.limit, answer: answer}
	}
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		timer.Stop()
		defer cancel(nil)
		return nil, causeOr(ctx, err)
	}
	timer.Stop() // only waiting in Read counts: a slow reader is no stall
	resp.Body = &readBody{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timer: timer, limit: max(s.limit, answer)}
	return resp, nil
}

// causeOr names the stall behind a "context canceled".
func causeOr(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), ErrStalled) {
		return ErrStalled
	}
	return err
}

type sentBody struct {
	io.ReadCloser
	timer  *time.Timer
	limit  time.Duration
	answer time.Duration
}

// Read runs when the wire has taken all before; a slow source is no stall.
func (b *sentBody) Read(p []byte) (int, error) {
	b.timer.Stop()
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.timer.Reset(b.answer)
	} else {
		b.timer.Reset(b.limit)
	}
	return n, err
}

type readBody struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	limit  time.Duration
}

func (b *readBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.limit)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop()
	if err != nil && err != io.EOF {
		err = causeOr(b.ctx, err)
	}
	return n, err
}

func (b *readBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
