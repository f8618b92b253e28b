package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"longcat/examples"
	"longcat/hub/localhub"
	"longcat/internal/demomodel"
	"longcat/modelcard"
)

// What the demo publishes, and where.
const (
	demoBase   = "rishiraj/CatPPT-base"
	demoTarget = "me/LongCAT-10.7B"
	demoToken  = "hf_demo" // opens nothing but the demo's own hub
)

func (a *app) demoCmd() *cobra.Command {
	var keep string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Publish a small model to a hub of its own and show it",
		Long: `Start a hub on this machine, put a small model of 32 layers there under the
name of the real one, publish the LongCAT recipe from it as always, and show the
card and the verification. Needs no token, no network and no Python.`,
		Example: commandExample("longcat demo", "longcat demo --keep ./hub && longcat serve ./hub"),
		Args:    exactly(0, "no arguments"),
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context(), keep) },
	}
	cmd.Flags().StringVar(&keep, "keep", "", "keep the hub in this folder")
	return cmd
}

func (a *app) demo(ctx context.Context, keep string) (err error) {
	tmp, err := os.MkdirTemp("", "longcat-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	dir := keep
	if dir == "" {
		dir = filepath.Join(tmp, "hub")
	}
	h, err := localhub.Open(dir, localhub.Options{
		Tokens:       []localhub.Token{{Secret: demoToken, User: "me", Role: localhub.Write}},
		AnyNamespace: true,
		Render:       modelcard.RenderHTML,
	})
	if err != nil {
		return err
	}
	defer h.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	hubCtx, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serveUntil(hubCtx, l, h) }()
	defer func() {
		stop()
		err = errors.Join(err, <-served)
	}()
	return a.demoSteps(ctx, tmp, "http://"+l.Addr().String())
}

// demoSteps types the commands that a person would.
func (a *app) demoSteps(ctx context.Context, tmp, endpoint string) error {
	base, recipe := filepath.Join(tmp, "base"), filepath.Join(tmp, "longcat-10.7b.yaml")
	if err := demomodel.Write(base); err != nil {
		return err
	}
	if err := os.WriteFile(recipe, examples.LongCAT, 0o644); err != nil {
		return err
	}
	a.say("A hub of its own runs at %s, with a small model of CatPPT's shape.\n", endpoint)
	steps := []struct {
		args []string
		mute bool // what it prints is not for this show
	}{
		{args: []string{"upload", demoBase, base, "--message", "a small model of the same shape"}, mute: true},
		{args: []string{"plan", recipe}},
		{args: []string{"publish", recipe, "--to", demoTarget}},
		{args: []string{"card", "show", demoTarget}},
		{args: []string{"verify", demoTarget}},
	}
	for _, s := range steps {
		sub := a.within(tmp, endpoint)
		if s.mute {
			sub.out, sub.quiet = io.Discard, true
		} else {
			a.say("$ longcat %s", displayed(s.args))
		}
		if code := sub.run(ctx, s.args); code != exitDone {
			return &stepError{s.args[0], code}
		}
		if !s.mute {
			a.say("")
		}
	}
	a.say(`The real thing is the same command, with a token that may write (HF_TOKEN, or "hf auth login"):

  longcat publish examples/longcat-10.7b.yaml --to YOU/LongCAT-10.7B

It fetches 14.5 GB and publishes 21.5 GB; "longcat plan" says so before. Interrupt it when you like: it goes on.`)
	return nil
}

// stepError is a failure of a step, which has told of it already.
type stepError struct {
	step string
	code int
}

func (e *stepError) Error() string { return fmt.Sprintf("step %q ended with code %d", e.step, e.code) }

// within is this app in the demo's own world: its hub, token and cache.
func (a *app) within(home, endpoint string) *app {
	env := map[string]string{"HF_HOME": filepath.Join(home, "home"), "HF_ENDPOINT": endpoint, "HF_TOKEN": demoToken}
	return &app{
		in: bytes.NewReader(nil), out: a.out, err: a.err, terminal: a.terminal, quiet: a.quiet,
		lookup: func(name string) (string, bool) {
			v, ok := env[name]
			return v, ok
		},
	}
}

// displayed writes a step as it is typed, without the demo's own folder.
func displayed(args []string) string {
	var b bytes.Buffer
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if filepath.IsAbs(arg) {
			arg = "examples/" + filepath.Base(arg)
		}
		b.WriteString(arg)
	}
	return b.String()
}
