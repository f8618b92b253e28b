package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"longcat/hub/localhub"
)

// serveAccess is who may do what on a hub that is served.
type serveAccess struct {
	tokens []localhub.Token
	secret string // the one token, where there is no file
	made   bool   // nobody gave it
}

// serveAccess reads the file of tokens, or finds the one token.
func (a *app) serveAccess(f serveFlags) (serveAccess, error) {
	if f.tokens != "" {
		tokens, err := readTokens(f.tokens)
		return serveAccess{tokens: tokens}, err
	}
	one := serveAccess{secret: cmp.Or(a.token, os.Getenv(serveTokenVariable))}
	if one.secret == "" {
		one.secret, one.made = "hf_"+rand.Text(), true
	}
	if !strings.HasPrefix(one.secret, "hf_") {
		a.say(`longcat: warning: the token does not begin with "hf_": clients in JavaScript will refuse it`)
	}
	one.tokens = []localhub.Token{{Secret: one.secret, User: "longcat", Role: localhub.Write}}
	return one, nil
}

func readTokens(path string) ([]localhub.Token, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return localhub.ParseTokens(f)
}

// tokensEvery is how often a file of tokens is looked at.
const tokensEvery = 2 * time.Second

// followTokens reads the file of tokens again when it changes, until ctx ends.
// While it can not be read, who was let in stays so.
func (a *app) followTokens(ctx context.Context, path string, h *localhub.Hub) {
	last, _ := os.Stat(path) // none: read at once
	ticker := time.NewTicker(tokensEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now, err := os.Stat(path)
		if err == nil && last != nil && os.SameFile(now, last) && now.ModTime().Equal(last.ModTime()) && now.Size() == last.Size() {
			continue
		}
		if err != nil && last == nil {
			continue // told already
		}
		if last = now; err != nil {
			last = nil
		}
		tokens, err := readTokens(path)
		if err == nil {
			err = h.SetTokens(tokens)
		}
		if err != nil {
			a.warn("the tokens stay as they were: %v", err)
		} else {
			a.say("%d tokens read from %s", len(tokens), path)
		}
	}
}

// accessLog opens the file that requests are noted in; "" notes none.
func accessLog(path string, stderr io.Writer) (note func(localhub.Request), end func(), err error) {
	to := stderr
	end = func() {}
	switch path {
	case "":
		return func(localhub.Request) {}, end, nil
	case "-":
	default:
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return nil, nil, err
		}
		to, end = f, func() { f.Close() }
	}
	var mu sync.Mutex
	return func(r localhub.Request) {
		line, err := json.Marshal(struct {
			Time     time.Time `json:"time"`
			ID       string    `json:"id"`
			Remote   string    `json:"remote"`
			User     string    `json:"user,omitempty"`
			Method   string    `json:"method"`
			Path     string    `json:"path"`
			Range    string    `json:"range,omitempty"`
			Status   int       `json:"status"`
			Received int64     `json:"received"`
			Sent     int64     `json:"sent"`
			Seconds  float64   `json:"seconds"`
		}{r.Began.UTC(), r.ID, r.Remote, r.User, r.Method, r.Path, r.Range, r.Status, r.Received, r.Sent, r.Duration.Seconds()})
		if err != nil { // only our own type
			panic(err)
		}
		mu.Lock()
		defer mu.Unlock()
		_, _ = to.Write(append(line, '\n')) // a full disk must not stop the hub
	}, end, nil
}

// serveFlags are the flags of serve.
type serveFlags struct {
	addr, publicURL, tokens, accessLog, upstream string
	readOnly, gc                                 bool
}

// serveTokenVariable holds the token that may write, where there is no file of
// tokens: a command line can be read by everybody on the machine.
const serveTokenVariable = "LONGCAT_SERVE_TOKEN"
