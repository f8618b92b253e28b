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
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends the process at once
	a := &app{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		lookup:   os.LookupEnv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}
