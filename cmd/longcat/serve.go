package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/modelcard"
)

func (a *app) serveCmd() *cobra.Command {
	var addr string
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Serve a hub over a folder, for a team, an air gap or a test",
		Long: `Serve a hub over a folder: hf, transformers and longcat work against it when
HF_ENDPOINT is its address. Public repos are read without a token; writing
needs the token of --token, or the one that is made and printed. A browser shows
the repos at the same address.`,
		Example: commandExample(
			"longcat serve ./hub",
			"HF_ENDPOINT=http://127.0.0.1:8642 hf download me/my-model"),
		Args: exactly(1, "a folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.serve(cmd.Context(), args[0], addr) },
	}
	cmd.Flags().StringVar(&addr, "addr", "127.0.0.1:8642", "address to listen on")
	return cmd
}

// listenFailure is what the system says, without the address.
func listenFailure(err error) string {
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		return sys.Err.Error()
	}
	return err.Error()
}

func (a *app) serve(ctx context.Context, dir, addr string) error {
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return usagef("%q is a file: serve wants a directory", dir)
	}
	secret, made := a.token, false
	if secret == "" {
		secret, made = "hf_"+rand.Text(), true
	}
	l, err := net.Listen("tcp", addr) // first, so that a typo in addr leaves no directory behind
	if err != nil {
		return &hintedError{
			fmt.Errorf("listening on %q: %s", addr, listenFailure(err)),
			"--addr HOST:PORT chooses another address; port 0 is any that is free",
		}
	}
	defer l.Close()
	h, err := localhub.Open(dir, localhub.Options{
		Tokens:       []localhub.Token{{Secret: secret, User: "longcat", Role: localhub.Write}},
		AnyNamespace: true,
		Render:       modelcard.RenderHTML,
		Hosts:        hostNames(addr),
	})
	if _, ok := errors.AsType[*store.NotHubError](err); ok {
		return &hintedError{err, "serve wants a directory of its own: one that is empty or not there yet, or that it served before"}
	}
	if err != nil {
		return err
	}
	defer h.Close()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(serveMemory)
	}
	url := "http://" + l.Addr().String()
	if a.json {
		if err := a.printJSON(serveDocument{url, secret, dir}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(a.out, "HF_ENDPOINT=%s\n", url)
		if made {
			fmt.Fprintf(a.out, "HF_TOKEN=%s\n", secret)
		}
	}
	return serveUntil(ctx, l, h)
}

// hostNames are what this machine is called, by whoever started serve and by
// itself.
func hostNames(addr string) (names []string) {
	if host, _, err := net.SplitHostPort(addr); err == nil && host != "" {
		names = append(names, host)
	}
	if name, err := os.Hostname(); err == nil {
		names = append(names, name)
	}
	return names
}

// serveMemory is from how many bytes on garbage is collected early: whoever
// sends many requests at once must not be able to fill the machine with it.
const serveMemory = 192 << 20

// serveUntil serves until ctx ends, then lets requests under way finish for a
// moment.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return srv.Close()
	}
	return nil
}
