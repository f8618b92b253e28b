package main

import (
	"context"
	"errors"
	"io/fs"
	"syscall"

	"longcat"
	"longcat/hub"
	"longcat/merge/recipe"
)

// failureOf says what an error means to people and to programs.
func failureOf(ctx context.Context, err error, command string) failure {
	if ctx.Err() != nil && (errors.Is(err, context.Cause(ctx)) || errors.Is(err, context.Canceled)) {
		return failure{"interrupted", "run the same command again; it goes on where it stopped", "interrupted", exitInterrupted}
	}
	f := failure{plain(err), hint(err, command), codeOf(err), exitFailed}
	var coded *codedError
	if errors.As(err, &coded) {
		f.Exit = coded.code
	}
	if f.Code == "usage" {
		f.Exit = exitUsage
	}
	return f
}

// codeOf is a word for the kind of an error.
func codeOf(err error) string {
	var (
		usage  *usageError
		owner  *longcat.OwnerError
		denied *hub.PermissionError
		recipe *recipe.Error
		disk   *hub.DiskError
		he     *hub.Error
		netErr *hub.NetworkError
	)
	switch {
	case errors.As(err, &usage), errors.As(err, &owner):
		return "usage"
	case errors.Is(err, errDiffers):
		return "differs"
	case errors.As(err, &recipe):
		return "recipe"
	case errors.Is(err, hub.ErrOffline):
		return "offline"
	case errors.Is(err, hub.ErrGated):
		return "gated"
	case errors.Is(err, hub.ErrUnauthorized):
		return "unauthorized"
	case errors.As(err, &denied), errors.Is(err, hub.ErrForbidden):
		return "forbidden"
	case errors.Is(err, hub.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return "not-found"
	case errors.Is(err, hub.ErrConflict):
		return "conflict"
	case errors.Is(err, hub.ErrRateLimited):
		return "rate-limited"
	case errors.As(err, &disk), errors.Is(err, syscall.ENOSPC):
		return "disk-full"
	case errors.As(err, &he):
		return "hub"
	case errors.As(err, &netErr), errors.Is(err, hub.ErrStalled):
		return "network"
	}
	return "failed"
}
