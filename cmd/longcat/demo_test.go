package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
)

// TestDemoInterrupted presses Ctrl-C when the demo is about to publish: it says
// so once, and takes its hub and models away.
func TestDemoInterrupted(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithCancel(t.Context())
	stderr := &trigger{on: "$ longcat publish", fire: cancel}
	a := &app{in: strings.NewReader(""), out: &bytes.Buffer{}, err: stderr, lookup: func(string) (string, bool) { return "", false }}
	if code := a.run(ctx, []string{"demo"}); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	if n := strings.Count(stderr.String(), "longcat: error: "); n != 1 || !strings.Contains(stderr.String(), "longcat: error: interrupted") {
		t.Errorf("%d errors in:\n%s", n, stderr)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left in TMPDIR: %v, %v", left, err)
	}
}

// trigger is a buffer that does something as soon as some text was written.
type trigger struct {
	bytes.Buffer
	on   string
	fire func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.on)) {
		w.fire()
	}
	return w.Buffer.Write(p)
}
