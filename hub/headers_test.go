package hub

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"
)

// Whatever a server puts into its headers: what is read of them makes sense.
func FuzzHeaders(f *testing.F) {
	f.Add("bytes 0-99/200", `<https://hub.test/api/x?cursor=a>; rel="next"`, `"api";r=0;t=57`, "7")
	f.Add("bytes 5-5/*", `</api/x>; rel=next, <https://elsewhere/>; rel="prev"`, `"a";r=0;t=1, "b";r=0;t=999999999`, "Sat, 01 Jan 2000 00:00:42 GMT")
	f.Add("bytes 0-9223372036854775807/*", "<%zz>; rel=next", ";r=0;t=", "-1")
	c, err := New(Config{Endpoint: "https://hub.test", Token: "hf_x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, contentRange, link, rateLimit, retryAfter string) {
		if first, end, total, ok := parseContentRange(contentRange); ok && (first < 0 || end <= first || total >= 0 && total < end || total < -1) {
			t.Errorf("Content-Range %q: %d to %d of %d", contentRange, first, end, total)
		}
		if next, err := c.nextPage("https://hub.test/api/x", []string{link}); err == nil && next != "" {
			if u, err := url.Parse(next); err != nil || u.Host != "hub.test" || u.Scheme != "https" {
				t.Errorf("Link %q leads to %q", link, next)
			}
		}
		h := http.Header{"Ratelimit": {rateLimit}, "Retry-After": {retryAfter}}
		resp := &http.Response{StatusCode: http.StatusTooManyRequests, Header: h}
		if d := backoff(time.Millisecond, time.Second, 3, resp); d < 0 || d > MaxRateLimitWait {
			t.Errorf("%v: waits %v", h, d)
		}
	})
}

// The address before a redirect, which may be signed, is not told to where it
// leads.
func TestNoReferer(t *testing.T) {
	told := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { told <- r.Referer() }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	defer srv.Close()
	c, err := New(Config{Endpoint: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.do(t.Context(), request{op: "asking", method: http.MethodGet, url: "/x?Signature=secret"})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if r := <-told; r != "" {
		t.Errorf("told of %q", r)
	}
}
