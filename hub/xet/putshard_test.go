package xet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/shard"
)

func TestPutShard(t *testing.T) {
	var empty bytes.Buffer
	if err := shard.Write(&empty, &shard.Shard{}); err != nil {
		t.Fatal(err)
	}
	// events answers the first n uploads with lines.
	events := func(n int, lines string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if n == 0 {
				return false
			}
			n--
			_, _ = io.WriteString(w, lines)
			return true
		}
	}
	for _, test := range []struct {
		name   string
		noV2   bool
		before func(http.ResponseWriter, *http.Request) bool
		v2, v1 int // uploads wanted
		err    string
	}{
		{name: "with events", v2: 1},
		{name: "old server", noV2: true, v2: 1, v1: 1},
		{name: "a passing failure", before: events(1, `{"type":"error","message":"busy","retryable":true}`), v2: 2},
		{name: "broken off", before: events(2, `{"type":"validating"}`+"\n"), v2: 3},
		{name: "failure", before: events(1, "\n"+`{"type":"error","message":"bad shard"}`), v2: 1, err: "bad shard"},
		{name: "always failing", before: events(100, `{"type":"error","message":"busy","retryable":true}`), v2: 4, err: "busy"},
		{name: "no events", before: events(1, "<html>"), v2: 1, err: "understanding"},
		{name: "endless line", before: events(100, strings.Repeat("x", 2<<20)), v2: 4, err: "too long"},
		{name: "refused", before: first(1, "POST", 400), v2: 1, err: "as told"},
		{name: "old server refuses", noV2: true, before: first(1, "POST /v1", 400), v2: 1, v1: 1, err: "as told"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := fakecas.New(t)
			server.NoV2, server.Before = test.noV2, test.before
			client := server.Client()
			err := client.PutShard(t.Context(), empty.Bytes())
			if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("got %v, want %q", err, test.err)
			}
			if v2, v1 := server.Count("POST /v2"), server.Count("POST /v1"); v2 != test.v2 || v1 != test.v1 {
				t.Errorf("%d uploads by v2 and %d by v1, want %d and %d", v2, v1, test.v2, test.v1)
			}
		})
	}
}

func TestErrorTellsWhatTheServerSaid(t *testing.T) {
	server := fakecas.New(t)
	server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("X-Request-Id", "request-7")
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"error": "no such thing"}`)
		return true
	}
	err := server.Client().PutShard(t.Context(), nil)
	e, ok := errors.AsType[*xet.Error](err)
	if !ok || e.Message != "no such thing" || e.RequestID != "request-7" || !errors.Is(err, xet.ErrNotFound) {
		t.Errorf("got %#v", err)
	}
}
