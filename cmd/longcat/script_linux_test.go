package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// terminal FILE PROGRAM ARG… runs with stderr on a terminal, 100 columns wide,
// and writes what it shows to a file. stdout must be one line.
func onTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: terminal FILE program [args...]")
	}
	master, slave := openTerminal(ts)
	defer master.Close()
	cmd := command(ts, args[1:])
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, slave
	ts.Check(cmd.Start())
	slave.Close()
	shown, err := io.ReadAll(master)
	if !errors.Is(err, syscall.EIO) { // so Linux says that nobody holds the other end
		ts.Check(err)
	}
	if err := cmd.Wait(); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		ts.Fatalf("%v; stdout %q; the terminal shows %q", err, &out, shown)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), shown, 0o644))
}

func openTerminal(ts *testscript.TestScript) (master, slave *os.File) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	ts.Check(err)
	fd := int(master.Fd())
	ts.Check(unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	ts.Check(err)
	slave, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	ts.Check(err)
	ts.Check(unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}))
	return master, slave
}

// smallDisk DIR OPTIONS puts a small filesystem in memory at a folder.
func smallDisk(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(syscall.Mount("longcat-test", dir, "tmpfs", 0, args[1]))
	ts.Defer(func() { ts.Check(syscall.Unmount(dir, 0)) })
}
