package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"longcat/hub/localhub"
	"longcat/hub/localhub/metrics"
	"longcat/hub/localhub/store"
	"longcat/modelcard"
)

func (a *app) serveCmd() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Serve a hub over a directory, for a team, an air gap or a test",
		Long: `Serve a hub over a directory: hf, transformers and longcat work against it when
HF_ENDPOINT is its address. Public repos are read without a token; writing
needs one of the file that --tokens names, or the one in LONGCAT_SERVE_TOKEN,
or else the one that is made and printed. A browser shows the repos at the same
address. /healthz and /metrics are for those who watch. See docs/serve.md.`,
		Example: commandExample(
			"longcat serve ./hub",
			"HF_ENDPOINT=http://127.0.0.1:8642 hf download me/my-model",
			"longcat serve /srv/hub --tokens tokens.yaml --public-url https://ml.example.org/hub"),
		Args: exactly(1, "a folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.serve(cmd.Context(), args[0], f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8642", "address to listen on")
	flags.StringVar(&f.publicURL, "public-url", "", "URL at which a proxy makes the hub known; its path may be more than \"/\"")
	flags.StringVar(&f.tokens, "tokens", "", "file of tokens: names, hashes, roles and namespaces; read anew when it changes")
	flags.StringVar(&f.accessLog, "access-log", "", "file to append a line of JSON to for each request; \"-\" is standard error")
	flags.StringVar(&f.upstream, "upstream", "", "URL of a hub to fetch what is asked for and missing from, once; it stays")
	flags.BoolVar(&f.readOnly, "read-only", false, "write nothing to the directory")
	flags.BoolVar(&f.gc, "gc", false, "remove what no repo refers to, print what each repo takes, and end")
	return cmd
}

// listenFailure is what the system says, without the address.
func listenFailure(err error) string {
	if sys, ok := errors.AsType[*os.SyscallError](err); ok {
		return sys.Err.Error()
	}
	return err.Error()
}

func (a *app) serve(ctx context.Context, dir string, f serveFlags) error {
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return usagef("%q is a file: serve wants a directory", dir)
	}
	if f.gc {
		return a.collect(ctx, dir)
	}
	access, err := a.serveAccess(f)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", f.addr) // first, so that a typo in addr leaves no directory behind
	if err != nil {
		return &hintedError{
			fmt.Errorf("listening on %q: %s", f.addr, listenFailure(err)),
			"--addr HOST:PORT chooses another address; port 0 is any that is free",
		}
	}
	defer l.Close()
	above, err := a.upstream(f)
	if err != nil {
		return err
	}
	log, closeLog, err := accessLog(f.accessLog, a.err)
	if err != nil {
		return err
	}
	defer closeLog()
	var h *localhub.Hub
	numbers := metrics.New(dir, func(ctx context.Context) (localhub.Usage, error) { return h.Usage(ctx) })
	h, err = openHub(dir, localhub.Options{
		Tokens: access.tokens, AnyNamespace: f.tokens == "",
		Render: modelcard.RenderHTML, Hosts: hostNames(f.addr), PublicURL: f.publicURL, ReadOnly: f.readOnly, Upstream: above,
		Log: func(r localhub.Request) { numbers.Observe(r); log(r) },
	})
	if err != nil {
		return err
	}
	defer h.Close()
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(serveMemory)
	}
	url := cmp.Or(strings.TrimSuffix(f.publicURL, "/"), "http://"+l.Addr().String())
	if err := a.announce(url, dir, access); err != nil {
		return err
	}
	if f.tokens != "" {
		go a.followTokens(ctx, f.tokens, h)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", numbers.Handler())
	return serveUntil(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/metrics" {
			mux.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	}))
}

// openHub is localhub.Open with advice.
func openHub(dir string, opts localhub.Options) (*localhub.Hub, error) {
	h, err := localhub.Open(dir, opts)
	if e, ok := errors.AsType[*store.NotHubError](err); ok {
		hint := "serve wants a directory of its own: one that is empty or not there yet, or that it served before"
		switch {
		case strings.Contains(e.Found, "cache"):
			hint += "; longcat mirror REPO… DIR --offline fills one with what a cache has, by links"
		case strings.Contains(e.Found, "model"):
			hint += "; longcat upload puts a model into one that is served"
		}
		return nil, &hintedError{err, hint}
	}
	return h, err
}

// announce prints where the hub is, and the token if it was made.
func (a *app) announce(url, dir string, access serveAccess) error {
	if a.json {
		return a.printJSON(serveDocument{url, access.secret, dir})
	}
	fmt.Fprintf(a.out, "HF_ENDPOINT=%s\n", url)
	if access.made {
		fmt.Fprintf(a.out, "HF_TOKEN=%s\n", access.secret)
	}
	return nil
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
