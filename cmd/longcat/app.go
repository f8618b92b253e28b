package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/plaintext"
)

// app is what every command shares: the outside world, and the global flags.
type app struct {
	in       io.Reader
	out      io.Writer // results
	err      io.Writer // people's text and bars
	lookup   func(string) (string, bool)
	terminal bool // err is one

	json     bool
	quiet    bool
	verbose  bool
	colour   string // when: auto, always or never
	show     string // how progress is
	token    string
	endpoint string
	retryFor time.Duration
	rate     int64 // bytes per second of the client; 0: unlimited

	secret string // the token in use, once a client was made: never printed

	mu      sync.Mutex // guards what follows: libraries tell things from many goroutines
	above   io.Writer  // where lines go while bars are shown; nil for err
	printed bool       // a JSON document
	ending  func()     // ends the display of progress; nil for none
	waiting time.Time  // until when people know that there is waiting, …
	reason  string     // … and why
}

// run carries out one command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.rootCmd()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	a.json = a.json || err != nil && slices.Contains(args, "--json") // which a mistake before it hides
	a.endProgress()
	if cmd.Name() == "help" {
		cmd = root
	}
	return a.report(ctx, cmd.CommandPath(), err)
}

func (a *app) rootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:     "longcat",
		Version: version(),
		Short:   "From a merge recipe to a published model, in one step",
		Long: `longcat takes models from a Hugging Face Hub, merges them, writes the model
card and publishes the result. Everything resumes, and every byte is checked.`,
		Example: `  longcat demo
  longcat plan examples/longcat-10.7b.yaml
  longcat publish examples/longcat-10.7b.yaml --to me/LongCAT-10.7B`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetFlagErrorFunc(flagMistake)
	f := root.PersistentFlags()
	f.BoolVar(&a.json, "json", a.json, "print one JSON document on standard output")
	f.Var(choice{&a.show, []string{"auto", "bar", "lines", "json", "none"}}, "progress", "auto, bar, lines, json (an object a line, on standard error) or none")
	f.BoolVarP(&a.quiet, "quiet", "q", a.quiet, "no progress and no remarks, only results and errors")
	f.BoolVarP(&a.verbose, "verbose", "v", a.verbose, "show each request with its answer, without secrets (as LONGCAT_DEBUG=http)")
	f.Var(choice{&a.colour, []string{"auto", "always", "never"}}, "color", "auto (on a terminal, unless NO_COLOR is set), always or never")
	f.StringVar(&a.token, "token", "", "access token (better: HF_TOKEN, or the file that \"hf auth login\" writes)")
	f.StringVar(&a.endpoint, "endpoint", "", "address of the hub (default HF_ENDPOINT or "+hub.DefaultEndpoint+")")
	f.DurationVar(&a.retryFor, "retry-for", hub.DefaultRetryFor, "how long to keep trying while the hub can not be reached")
	root.AddCommand(
		a.publishCmd(), a.planCmd(), a.mergeCmd(), a.upscaleCmd(), a.recipesCmd(), a.downloadCmd(), a.uploadCmd(), a.mirrorCmd(),
		a.cardCmd(), a.verifyCmd(), a.cacheCmd(), a.inspectCmd(), a.lsCmd(), a.repoCmd(), a.loginCmd(), a.logoutCmd(), a.serveCmd(), a.demoCmd(), a.whoamiCmd(), a.versionCmd(),
	)
	root.AddCommand(a.manCmd())
	root.AddCommand(topics()...)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd() // after SetOut, which it takes note of
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "completion":
			group(cmd)
			for _, shell := range cmd.Commands() {
				shell.Args = exactly(0, "no arguments")
			}
		case "help":
			cmd.Run, cmd.RunE = nil, help
		}
	}
	group(root)
	a.addCompletions(root)
	return root
}

// client is made anew by each command, after the flags are known.
func (a *app) client() (*hub.Client, error) {
	cfg, err := a.hubConfig()
	if err != nil {
		return nil, err
	}
	if a.token != "" {
		cfg.Token, cfg.ImplicitTokenOff = a.token, false
	}
	if a.endpoint != "" {
		cfg.Endpoint = a.endpoint
	}
	a.secret = cfg.Token
	c, err := hub.New(cfg)
	if err != nil && a.endpoint != "" {
		err = &usageError{err}
	}
	return c, err
}

// hubConfig is what the environment says, and how this program behaves.
func (a *app) hubConfig() (hub.Config, error) {
	cfg, err := hub.ConfigFromEnv(a.lookup)
	if cfg.RetryFor = a.retryFor; cfg.RetryFor <= 0 {
		cfg.RetryFor = -1
	}
	cfg.Rate = a.rate
	cfg.UserAgent = "longcat/" + version()
	cfg.Warn = func(topic, text string) { a.say("hub says (%s): %s", topic, text) }
	cfg.Notify = func(text string) { a.warn("%s", text) }
	cfg.Waiting = a.sayWaiting
	if what, _ := a.lookup("LONGCAT_DEBUG"); what == "http" || a.verbose {
		cfg.Debug = func(line string) { a.tell("longcat: debug: " + line) }
	}
	return cfg, err
}

// say tells people something in passing.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		a.tell(fmt.Sprintf(format, args...))
	}
}

// warn tells people what may be wrong.
func (a *app) warn(format string, args ...any) {
	a.say("%s %s", a.painted(yellow, "longcat: warning:"), fmt.Sprintf(format, args...))
}

// remark is say for a text that is whole.
func (a *app) remark(text string) { a.say("%s", text) }

// sayWaiting tells of a pause that is long enough to wonder about, once where
// many requests wait, or one waits for the same reason again and again.
func (a *app) sayWaiting(reason string, d time.Duration) {
	if d < time.Second {
		return
	}
	a.mu.Lock()
	now := time.Now()
	known := now.Before(a.waiting) || reason == a.reason && now.Before(a.waiting.Add(sameOutage))
	if !known {
		a.reason = reason
	}
	if end := now.Add(d); end.After(a.waiting) {
		a.waiting = end
	}
	a.mu.Unlock()
	if !known {
		a.say("%s: trying again in %v", reason, d.Round(time.Second))
	}
}

// sameOutage is how long after a pause another one counts as the same one's.
const sameOutage = 30 * time.Second

// tell writes a line for people. A server may say back what it was sent, so
// the token is taken out.
func (a *app) tell(line string) {
	line = plaintext.Without(line, a.secret)
	a.mu.Lock()
	defer a.mu.Unlock()
	w := a.err
	if a.above != nil {
		w = a.above
	}
	fmt.Fprintln(w, line)
}
