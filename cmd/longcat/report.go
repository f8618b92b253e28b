package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"strings"
	"syscall"

	"longcat"
	"longcat/hub"
	"longcat/hub/cache"
	"longcat/internal/plaintext"
	"longcat/merge"
	"longcat/merge/dirwriter"
	"longcat/modelcard"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotCompared = 3 // verify could not compare
	exitInterrupted = 130
)

// usageError is a command line that can not be meant.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// codedError is a failure with an exit code of its own.
type codedError struct {
	err  error
	code int
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

// hintedError carries advice that only the place of the failure knows.
type hintedError struct {
	err  error
	hint string
}

func (e *hintedError) Error() string { return e.err.Error() }
func (e *hintedError) Unwrap() error { return e.err }

// report prints an error with what to do about it and picks the exit code. It
// is the one place that does either.
func (a *app) report(ctx context.Context, command string, err error) int {
	var step *stepError
	switch {
	case errors.As(err, &step):
		return step.code
	case err == nil:
		return exitDone
	}
	f := failureOf(ctx, err, command)
	f.Message, f.Hint = plaintext.Without(f.Message, a.secret), plaintext.Without(f.Hint, a.secret)
	a.tell(a.painted(red, "longcat: error:") + " " + f.Message)
	if f.Hint != "" {
		a.tell(a.painted(dim, "longcat: hint: "+f.Hint))
	}
	if a.json && !a.printed {
		if err := a.printJSON(errorDocument{f}); err != nil {
			a.tell("longcat: error: " + plain(err))
		}
	}
	return f.Exit
}

// plain is an error's text on one line.
func plain(err error) string {
	text := err.Error()
	var b strings.Builder
	for line := range strings.Lines(text) {
		switch s := b.String(); {
		case s == "":
		case strings.HasSuffix(s, ":"):
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(strings.TrimSpace(line))
	}
	return b.String()
}

// hint says what a person can do about an error of a command, "" when that is
// plain.
func hint(err error, command string) string {
	var (
		hinted  *hintedError
		usage   *usageError
		he      *hub.Error
		stack   *merge.StackError
		license *modelcard.LicenseError
		card    *longcat.CardError
		weights *longcat.OtherWeightsError
		owner   *longcat.OwnerError
		netErr  *hub.NetworkError
		page    *hub.PageError
		disk    *hub.DiskError
		corrupt *cache.CorruptError
		folder  *dirwriter.DirError
		refused *hub.PermissionError
		visible *hub.VisibilityError
	)
	switch {
	case errors.As(err, &hinted):
		return hinted.hint
	case errors.As(err, &usage):
		return command + " --help tells more"
	case errors.As(err, &corrupt):
		return "--repair fetches such files anew"
	case errors.Is(err, hub.ErrOffline):
		return "HF_HUB_OFFLINE is set: unset it, or download the files before"
	case errors.As(err, &visible):
		return "change it on the repo's settings page, or leave out --" + string(visible.Want)
	case errors.As(err, &refused) && refused.Unwrap() == nil:
		return permissionHint(refused)
	case errors.As(err, &he):
		return hubHint(he)
	case errors.As(err, &stack) && len(stack.Stacks) > 1:
		return "--layer-stack picks one of them"
	case errors.As(err, &folder) && folder.Other:
		return "--replace writes over them, and removes weights that do not belong to the result; or choose another folder"
	case errors.As(err, &weights):
		return "--replace replaces them, and removes those that do not belong to the result, in the same commit"
	case errors.As(err, &card) && len(card.From) > 0:
		return "it comes from the card of " + strings.Join(card.From, ", ") + ": --license ID says under which licence the result is published"
	case errors.As(err, &card):
		return "longcat card check lists all that is wrong"
	case errors.As(err, &owner):
		return "set HF_TOKEN, or give --token; longcat login keeps one"
	case errors.As(err, &license):
		return "--license ID says under which licence the result is published"
	case errors.As(err, &disk), errors.Is(err, syscall.ENOSPC):
		return "free some space, or set HF_HUB_CACHE or the output folder to a larger disk; what arrived is kept"
	case errors.Is(err, fs.ErrPermission):
		return "check the folder's permissions"
	case errors.As(err, &page):
		return "is HF_ENDPOINT right? In a network with a login page, log in with a browser first"
	case errors.As(err, &netErr) && netErr.Proxy != "":
		return "is the proxy right? HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name it, NO_PROXY the hosts that need none"
	case errors.As(err, &netErr):
		return "is the network up, and HF_ENDPOINT right? What arrived is kept: run the command again"
	}
	return ""
}

func permissionHint(e *hub.PermissionError) string {
	switch e.Reason {
	case hub.NoToken:
		return "set HF_TOKEN, or give --token; longcat login keeps one"
	case hub.ReadOnlyToken:
		return "make a token with the write role on the hub's settings page"
	case hub.OutOfScope:
		return "add the write permission for it to the token on the hub's settings page"
	}
	return "ask an administrator of the organisation, or choose another namespace"
}

func hubHint(e *hub.Error) string {
	switch {
	case errors.Is(e, hub.ErrGated):
		return "ask for access on the repo's page, then use a token of that account"
	case e.Status == http.StatusUnauthorized && !e.HadToken && e.Repo == "":
		return "set HF_TOKEN, or give --token; longcat login keeps one"
	case e.Status == http.StatusUnauthorized && !e.HadToken:
		return "the repo does not exist, or is private: check its name, or set HF_TOKEN"
	case e.Status == http.StatusUnauthorized && e.Code != "":
		return "check the name; a private repo needs a token that may read it"
	case e.Status == http.StatusUnauthorized:
		return "the token is not valid here: a new one comes from the hub's settings page, and longcat login keeps it"
	case errors.Is(e, hub.ErrForbidden) && strings.HasPrefix(e.Op, "downloading"):
		return "the server that stores the content refuses to send it; what arrived is kept"
	case errors.Is(e, hub.ErrForbidden):
		return "the token may not do this: writing needs a token with the write role in that namespace"
	case errors.Is(e, hub.ErrRepoNotFound):
		return "check the name; a private repo needs a token that may read it"
	case errors.Is(e, hub.ErrRevisionNotFound):
		return "check the branch, tag or commit"
	case e.Status == http.StatusPreconditionFailed:
		return "somebody else committed meanwhile: run the command again"
	case errors.Is(e, hub.ErrRateLimited):
		return "the hub wants fewer requests: wait some minutes, or use a token, which has a higher limit"
	}
	return ""
}
