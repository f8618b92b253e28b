package hub_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"longcat/hub"
)

// script answers one request after another without a network, so that waiting
// costs no time in a synctest bubble. The last step repeats.
type script struct {
	steps []step
	asked atomic.Int64
}

type step struct {
	status int
	header map[string]string
	err    error
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	n := int(s.asked.Add(1))
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	st := s.steps[min(n, len(s.steps))-1]
	if st.err != nil {
		return nil, st.err
	}
	resp := &http.Response{StatusCode: st.status, Header: http.Header{}, Request: r, ContentLength: -1}
	for k, v := range st.header {
		resp.Header.Set(k, v)
	}
	resp.Body = io.NopCloser(strings.NewReader(fmt.Sprintf(`{"name": "ann", "sha": "%040d"}`, 1)))
	return resp, nil
}

func (s *script) client(t *testing.T) *hub.Client {
	t.Helper()
	c, err := hub.New(hub.Config{Endpoint: "http://hub.test", Token: token, Transport: s})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var (
	reset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	refused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	unknown = &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", IsNotFound: true}}
)

// What passes is tried again, with pauses that grow or that the server sets.
func TestRetries(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name        string
		steps       []step
		asked       int64
		least, most time.Duration
		target      error
	}{
		{"reset connections", []step{{err: reset}, {err: reset}, {status: 200}}, 3, 1500 * ms, 3000 * ms, nil},
		{"cut answer", []step{{err: io.ErrUnexpectedEOF}, {status: 200}}, 2, 500 * ms, time.Second, nil},
		{"408", []step{{status: 408}, {status: 200}}, 2, 500 * ms, time.Second, nil},
		{"500", []step{{status: 500}, {status: 502}, {status: 200}}, 3, 1500 * ms, 3000 * ms, nil},
		{"429 without a word", []step{{status: 429}, {status: 200}}, 2, 500 * ms, time.Second, nil},
		{"429, seconds", []step{{status: 429, header: map[string]string{"Retry-After": "7"}}, {status: 200}}, 2, 7 * time.Second, 7 * time.Second, nil},
		{"503, seconds", []step{{status: 503, header: map[string]string{"Retry-After": "7"}}, {status: 200}}, 2, 7 * time.Second, 7 * time.Second, nil},
		{"429, a date", []step{{status: 429, header: map[string]string{"Retry-After": "Sat, 01 Jan 2000 00:00:42 GMT"}}, {status: 200}}, 2, 42 * time.Second, 42 * time.Second, nil},
		{"429, a date that is gone", []step{{status: 429, header: map[string]string{"Retry-After": "Fri, 31 Dec 1999 00:00:00 GMT"}}, {status: 200}}, 2, time.Second, time.Second, nil},
		{"429, in 0 seconds", []step{{status: 429, header: map[string]string{"Retry-After": "0"}}, {status: 429, header: map[string]string{"RateLimit": `"api";r=0;t=0`}}, {status: 200}}, 3, 2 * time.Second, 3 * time.Second, nil},
		{"429, RateLimit", []step{{status: 429, header: map[string]string{"RateLimit": `"api";r=0;t=57`}}, {status: 200}}, 2, 58 * time.Second, 58 * time.Second, nil},
		{"429, RateLimit of another bucket", []step{{status: 429, header: map[string]string{"RateLimit": `"api";r=3;t=57, "resolvers";r=0;t=5`}}, {status: 200}}, 2, 6 * time.Second, 6 * time.Second, nil},
		{"429, RateLimit with some left", []step{{status: 429, header: map[string]string{"RateLimit": `"api";r=10;t=57`}}, {status: 200}}, 2, 500 * ms, time.Second, nil},
		{"429, for ever", []step{{status: 429, header: map[string]string{"Retry-After": "4000000000"}}, {status: 200}}, 2, hub.MaxRateLimitWait, hub.MaxRateLimitWait, nil},
		{"429 to the end", []step{{status: 429}}, 0, hub.DefaultRetryFor, hub.DefaultRetryFor + 30*time.Second, hub.ErrRateLimited},
		{"500 to the end", []step{{status: 500}}, 6, 15 * time.Second, 31 * time.Second, nil},
		{"an outage", []step{{status: 503}, {err: refused}, {err: unknown}, {status: 502}, {err: reset}, {status: 504}, {err: refused}, {err: refused}, {err: refused}, {status: 200}}, 10, 30 * time.Second, time.Minute, nil},
		{"an outage to the end", []step{{status: 503}, {err: refused}}, 0, hub.DefaultRetryFor, hub.DefaultRetryFor + 5*time.Second, syscall.ECONNREFUSED},
		{"refused at once", []step{{err: refused}}, 1, 0, 0, syscall.ECONNREFUSED},
		{"never an answer", []step{{err: &net.OpError{Op: "dial", Err: syscall.ETIMEDOUT}}}, 0, 10 * time.Second, 15 * time.Second, syscall.ETIMEDOUT},
		{"404 is final", []step{{status: 404}}, 1, 0, 0, hub.ErrNotFound},
		{"501 is final", []step{{status: 501}}, 1, 0, 0, nil},
		{"a host that is not there", []step{{err: unknown}}, 1, 0, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: test.steps}
				began := time.Now()
				_, err := s.client(t).RepoInfo(t.Context(), repo, "")
				if last := test.steps[len(test.steps)-1]; (err == nil) != (last.status == 200) {
					t.Errorf("got %v", err)
				}
				if test.target != nil && !errors.Is(err, test.target) {
					t.Errorf("%v is not %v", err, test.target)
				}
				if took := time.Since(began); took < test.least || took > test.most {
					t.Errorf("took %v, want %v to %v", took, test.least, test.most)
				}
				if test.asked > 0 && s.asked.Load() != test.asked {
					t.Errorf("asked %d times, want %d", s.asked.Load(), test.asked)
				}
			})
		})
	}
}

// A request whose effect must not happen twice is repeated only where the
// server can not have acted.
func TestOnceRequestsAreNotRepeated(t *testing.T) {
	for _, test := range []struct {
		name  string
		steps []step
		asked int64
	}{
		{"connection refused", []step{{status: 429}, {err: refused}, {status: 200}}, 3},
		{"429", []step{{status: 429}, {status: 200}}, 2},
		{"503 that says later", []step{{status: 503, header: map[string]string{"Retry-After": "1"}}, {status: 200}}, 2},
		{"503 that says nothing", []step{{status: 503}, {status: 200}}, 1},
		{"reset", []step{{err: reset}, {status: 200}}, 1},
		{"cut", []step{{err: io.ErrUnexpectedEOF}, {status: 200}}, 1},
		{"500", []step{{status: 500}, {status: 200}}, 1},
		{"504", []step{{status: 504}, {status: 200}}, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: test.steps}
			if err := s.client(t).DeleteRepo(t.Context(), repo); (err == nil) != (test.asked > 1) {
				t.Errorf("%s: %v", test.name, err)
			}
			if s.asked.Load() != test.asked {
				t.Errorf("%s: asked %d times, want %d", test.name, s.asked.Load(), test.asked)
			}
		})
	}
}

func TestWarningsAreToldOncePerTopic(t *testing.T) {
	s := &script{steps: []step{
		{status: 200, header: map[string]string{"X-HF-Warning": "Deprecation; use \x1b[31mthe new one"}},
		{status: 200, header: map[string]string{"X-HF-Warning": "Deprecation; again"}},
		{status: 200, header: map[string]string{"X-HF-Warning": "no topic"}},
	}}
	var told []string
	c, err := hub.New(hub.Config{Endpoint: "http://hub.test", Transport: s, Warn: func(topic, text string) { told = append(told, topic+"|"+text) }})
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := c.RepoInfo(t.Context(), repo, ""); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Join(told, "\n"); got != "Deprecation|use [31mthe new one\n|no topic" {
		t.Errorf("told %q", got)
	}
}

// The pause before a retry ends with the context.
func TestCancelEndsThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{{status: 429, header: map[string]string{"Retry-After": "300"}}}}
		ctx, cancel := contextWithCancelAfter(t, time.Second)
		defer cancel()
		began := time.Now()
		if _, err := s.client(t).RepoInfo(ctx, repo, ""); err == nil || time.Since(began) != time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// The caller is told of each pause and its reason, and of none where there is
// no further attempt.
func TestWaitingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		s := &script{steps: []step{{err: reset}, {status: 502}, {status: 429, header: map[string]string{"Retry-After": "7"}}, {status: 404}}}
		c, err := hub.New(hub.Config{
			Endpoint: "http://hub.test", Transport: s,
			Waiting: func(reason string, d time.Duration) {
				told = append(told, fmt.Sprint(reason, " ", d.Round(8*time.Second)))
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.WhoAmI(t.Context()); !errors.Is(err, hub.ErrNotFound) {
			t.Error(err)
		}
		want := []string{"the server can not be reached 0s", "the server answers 502 (Bad Gateway) 0s", "the server's rate limit is reached 8s"}
		if !slices.Equal(told, want) {
			t.Errorf("told of %q, want %q", told, want)
		}
	})
}
