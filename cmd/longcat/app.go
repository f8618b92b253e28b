package main

import (
	"fmt"
	"io"
	"sync"
	"time"

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

// warn prints a warning.
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
