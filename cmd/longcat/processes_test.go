package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptEnv names what a process that a script's own commands start may see.
var scriptEnv = []string{
	"GOCOVERDIR",
	"PATH", "HOME", "TMPDIR", "GORACE", "HF_ENDPOINT", "HF_HOME", "HF_TOKEN", "HF_HUB_CACHE", "HF_HUB_DISABLE_PROGRESS_BARS",
	serveTokenVariable,
}

func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range scriptEnv {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	return cmd
}

// patience bounds waits that never end only when something is broken.
const patience = 30 * time.Second

// interrupt [-count=N] REGEXP PROGRAM ARG… presses Ctrl-C when that many
// requests that match have come to the hub, and wants exit code 130, nothing
// on stdout, and to be told to go on later.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	count := 1
	if n, ok := strings.CutPrefix(args[0], "-count="); ok {
		var err error
		count, err = strconv.Atoi(n)
		ts.Check(err)
		args = args[1:]
	}
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupt [-count=N] REGEXP program [args...]")
	}
	cmd := command(ts, args[1:])
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ts.Check(cmd.Start())
	gaveUp := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }) // the code below then fails
	defer gaveUp.Stop()
	arrived := make(chan struct{})
	go func() {
		worldOf(ts).await(regexp.MustCompile(args[0]), count)
		close(arrived)
	}()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-arrived:
	case err := <-ended:
		ts.Fatalf("it ended (%v) before such a request came: %s%s", err, &stdout, &stderr)
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	<-ended
	ts.Logf("%s", &stderr)
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		ts.Fatalf("exit code %d, want 130", code)
	}
	const said = "longcat: error: interrupted\nlongcat: hint: run the same command again; it goes on where it stopped\n"
	if text := remark.ReplaceAllString(stderr.String(), ""); text != said || stdout.Len() > 0 {
		ts.Fatalf("stdout %q, stderr %q", &stdout, text)
	}
}

// served is a process that "serve" started and "unserve" ends.
type served struct {
	cmd  *exec.Cmd
	text chan string // the rest of its stdout, at its end
	err  bytes.Buffer
}

// serve PROGRAM ARG… starts a hub, waits for the lines that say its endpoint
// and token, and makes them HF_ENDPOINT and HF_TOKEN.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg || w.served != nil {
		ts.Fatalf("one hub at a time")
	}
	s := &served{cmd: command(ts, args), text: make(chan string, 1)}
	s.cmd.Stderr = &s.err
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	gaveUp := time.AfterFunc(patience, func() { _ = s.cmd.Process.Kill() })
	defer gaveUp.Stop()
	r := bufio.NewReader(out)
	names := []string{"HF_ENDPOINT", "HF_TOKEN"}
	if slices.Contains(args, "--tokens") || ts.Getenv(serveTokenVariable) != "" { // which are known
		names = names[:1]
	}
	for _, name := range names {
		line, err := r.ReadString('\n')
		value, ok := strings.CutPrefix(strings.TrimSpace(line), name+"=")
		if err != nil || !ok {
			_ = s.cmd.Wait()
			ts.Fatalf("want a line %s=…, got %q (%v); stderr %q", name, line, err, &s.err)
		}
		ts.Setenv(name, value)
	}
	go func() {
		rest, _ := io.ReadAll(r)
		s.text <- string(rest)
	}()
	ts.Defer(func() { _ = s.cmd.Process.Kill() })
	w.served = s
}

// unserve SIGNAL CODE ends that hub, and wants it to have said nothing more.
func unserve(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg || w.served == nil || len(args) != 2 {
		ts.Fatalf("usage: unserve INT|KILL CODE, after serve")
	}
	s := w.served
	w.served = nil
	signal := map[string]os.Signal{"INT": os.Interrupt, "KILL": os.Kill}[args[0]]
	ts.Check(s.cmd.Process.Signal(signal))
	rest := <-s.text
	_ = s.cmd.Wait() // its code is looked at next
	if code := strconv.Itoa(s.cmd.ProcessState.ExitCode()); code != args[1] || rest != "" || s.err.Len() > 0 {
		ts.Fatalf("exit code %s, want %s; stdout %q, stderr %q", code, args[1], rest, &s.err)
	}
}
