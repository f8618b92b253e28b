// Command longcat takes models from a Hugging Face Hub, merges them, writes the
// model card and publishes the result.
//
// Each command has a file of its own: it reads flags, makes a few calls to the
// libraries hub, merge and modelcard, and prints. Run "longcat --help".
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"
)

func main() {
	// A thread that waits for the disk holds one of Go's processors for a while:
	// one more than there are keeps the others at work.
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	a := &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		lookup:   os.LookupEnv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}
