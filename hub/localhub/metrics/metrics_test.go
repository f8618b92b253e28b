package metrics_test

import (
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"longcat/hub/localhub"
	"longcat/hub/localhub/metrics"
)

func TestMetrics(t *testing.T) {
	asked := 0
	m := metrics.New(t.TempDir(), func(context.Context) (localhub.Usage, error) {
		asked++
		return localhub.Usage{Repos: make([]localhub.RepoUsage, 2), Objects: 3, Bytes: 4000}, nil
	})
	m.Observe(localhub.Request{Method: "GET", Path: "/a/b/resolve/main/x", Status: 200, Sent: 100, Duration: time.Second})
	m.Observe(localhub.Request{Method: "POST", Path: "/api/models/a/b/commit/main", Status: 500, Received: 50})
	m.Observe(localhub.Request{Method: "BREW", Path: "/", Status: 404})
	var body string
	for range 2 {
		w := httptest.NewRecorder()
		m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		data, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = string(data)
	}
	for _, want := range []string{
		`longcat_requests_total{kind="resolve",method="GET",status="200"} 1`, `longcat_requests_total{kind="api",method="POST",status="500"} 1`,
		`longcat_requests_total{kind="page",method="other",status="404"} 1`, "longcat_sent_bytes_total 100", "longcat_received_bytes_total 50",
		"longcat_errors_total 1", "longcat_repos 2", "longcat_objects 3", "longcat_object_bytes 4000", "longcat_request_seconds_count",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if asked != 1 {
		t.Errorf("usage was asked %d times in a minute", asked)
	}
}
