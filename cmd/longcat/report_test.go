package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"longcat/hub"
)

// refused is the error of a request to an address where nobody listens.
func refused(t *testing.T) (host string, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host = l.Addr().String()
	l.Close()
	_, err = http.Get("http://" + host + "/api/whoami-v2?secret=1")
	if err == nil {
		t.Fatal("somebody answers")
	}
	return host, err
}

// TestReport covers errors that take a script too long, or can not be brought
// about on every machine.
func TestReport(t *testing.T) {
	host, noConnection := refused(t)
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cut.Close()
	_, cutShort := http.Get(cut.URL)
	tests := []struct {
		name string
		err  error
		code int
		want string // the error line, after its prefix
		hint string // begins so; "" for none
	}{
		{"done", nil, 0, "", ""},
		{"usage", usagef("no %s", "way"), 2, "no way", "longcat --help"},
		{
			"nobody listens", &hub.NetworkError{Op: "listing files", Host: host, Err: noConnection}, 1,
			"listing files: talking to " + host + ": connection refused", "is the network up",
		},
		{
			"no such host", &hub.NetworkError{Op: "listing files", Host: "nowhere.example", Err: lookupError("nowhere.example")}, 1,
			"listing files: talking to nowhere.example: there is no such host", "is the network up",
		},
		{
			"cut", fmt.Errorf("publishing: %w", &hub.NetworkError{Op: "committing", Host: strings.TrimPrefix(cut.URL, "http://"), Err: cutShort}), 1,
			"publishing: committing: talking to " + strings.TrimPrefix(cut.URL, "http://") + ": the connection was cut", "is the network up",
		},
		{"several lines", errors.New("they differ:\n  a: 1\n  b: 2\n"), 1, "they differ: a: 1; b: 2", ""},
		{"joined", errors.Join(io.EOF, fs.ErrClosed), 1, "EOF; file already closed", ""},
		{"disk", &hub.DiskError{Dir: "d", Need: 2, Free: 1}, 1, `2 bytes are to be fetched, the disk of "d" has 1 free`, "free some space"},
		{"no space", &fs.PathError{Op: "write", Path: "f", Err: syscall.ENOSPC}, 1, "write f: no space left on device", "free some space"},
		{"permission", &fs.PathError{Op: "open", Path: "f", Err: syscall.EACCES}, 1, "open f: permission denied", "check the folder's permissions"},
		{
			"somebody else committed", &hub.Error{Op: "committing", Status: http.StatusPreconditionFailed}, 1,
			"committing: the hub answered 412 Precondition Failed", "somebody else committed meanwhile",
		},
		{
			"rate", &hub.Error{Op: "listing files", Status: http.StatusTooManyRequests}, 1,
			"listing files: the hub answered 429 Too Many Requests", "the hub wants fewer requests",
		},
		{
			"gated", &hub.Error{Op: "listing files", Status: http.StatusForbidden, Code: hub.CodeGatedRepo}, 1,
			"listing files: the hub answered 403 Forbidden", "ask for access",
		},
		{
			"token said back", &hub.Error{Op: "committing", Status: http.StatusBadRequest, Message: "what is hf_abc?"}, 1,
			"committing: the hub answered 400 Bad Request: what is (token)?", "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			a := &app{err: &stderr, secret: "hf_abc"}
			if code := a.report(t.Context(), "longcat", tt.err); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			line, hint, _ := strings.Cut(strings.TrimSuffix(stderr.String(), "\n"), "\n")
			if tt.err != nil && line != "longcat: error: "+tt.want {
				t.Errorf("got  %s\nwant longcat: error: %s", line, tt.want)
			}
			if tt.hint == "" && hint != "" || !strings.HasPrefix(strings.TrimPrefix(hint, "longcat: hint: "), tt.hint) {
				t.Errorf("hint %q, want %q", hint, tt.hint)
			}
		})
	}
}

// TestReportInterrupted tells an interruption from a failure that looks like it.
func TestReportInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var stderr bytes.Buffer
	a := &app{err: &stderr}
	if code := a.report(ctx, "longcat", context.Canceled); code != exitFailed {
		t.Errorf("a cancellation that nobody asked for: exit code %d, want %d", code, exitFailed)
	}
	cancel()
	if code := a.report(ctx, "longcat", fmt.Errorf("downloading: %w", context.Canceled)); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if code := a.report(ctx, "longcat", fs.ErrPermission); code != exitFailed {
		t.Errorf("another failure after Ctrl-C: exit code %d, want %d", code, exitFailed)
	}
}

func lookupError(host string) error {
	return &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}}
}

// TestSayWaiting tells one line of many requests that wait, and none of a pause
// that nobody notices.
func TestSayWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr bytes.Buffer
		a := &app{err: &stderr}
		a.sayWaiting("busy", time.Second/2)
		for range 3 {
			a.sayWaiting("busy", 57*time.Second)
		}
		time.Sleep(57 * time.Second) // of the bubble
		a.sayWaiting("gone", 2*time.Second)
		if got, want := stderr.String(), "busy: trying again in 57s\ngone: trying again in 2s\n"; got != want {
			t.Errorf("said %q, want %q", got, want)
		}
	})
}
