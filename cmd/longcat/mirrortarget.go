package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
	"longcat/internal/durable"
)

// mirrorTokenVariable holds the token for a hub that is mirrored to, where that
// is not the hub of HF_ENDPOINT.
const mirrorTokenVariable = "LONGCAT_MIRROR_TOKEN"

// mirrorTarget is where a mirror goes.
type mirrorTarget struct {
	from   func(mirrorJob) mirror.Destination
	finish func(context.Context, mirror.Options) error
	close  func()
}

// mirrorTarget finds out what the last argument names.
func (a *app) mirrorTarget(c *hub.Client, to string, f mirrorFlags) (mirrorTarget, error) {
	t := mirrorTarget{close: func() {}, finish: func(context.Context, mirror.Options) error { return nil }}
	if f.split+f.since != "" && !isBundle(to) {
		return t, usagef("--split and --since are for a bundle: FILE.tar")
	}
	switch {
	case strings.HasPrefix(to, "https://"), strings.HasPrefix(to, "http://"):
		remote, err := a.otherHub(c, to)
		t.from = func(mirrorJob) mirror.Destination { return mirror.ToHub(remote) }
		return t, err
	case isBundle(to), strings.HasSuffix(to, ".json"):
		return a.bundleTarget(t, to, f)
	}
	remove := func() {}
	if _, err := os.Stat(to); f.DryRun && errors.Is(err, os.ErrNotExist) { // an empty one, which goes again
		if to, err = os.MkdirTemp("", "longcat-mirror-"); err != nil {
			return t, err
		}
		remove = func() { _ = os.RemoveAll(to) }
	}
	s, err := store.Open(to)
	if _, ok := errors.AsType[*store.NotHubError](err); ok {
		return t, &hintedError{err, "mirror wants a folder of its own: one that is empty or not there yet, or that serve or mirror made"}
	}
	if err != nil {
		return t, err
	}
	t.close = func() { _ = s.Close(); remove() } // temporary files, which the next who opens it removes as well
	t.from = func(job mirrorJob) mirror.Destination { return mirror.ToFolder(s, job.givers...) }
	return t, nil
}

// bundleTarget is a bundle, or the index of one alone.
func (a *app) bundleTarget(t mirrorTarget, to string, f mirrorFlags) (mirrorTarget, error) {
	split, err := parseSize("--split", f.split)
	if err != nil {
		return t, err
	}
	since, err := readSince(f.since)
	if err != nil {
		return t, err
	}
	b := mirror.ToBundle(to, split, since)
	t.from = func(mirrorJob) mirror.Destination { return b }
	t.finish = b.Write
	if strings.HasSuffix(to, ".json") {
		t.finish = func(context.Context, mirror.Options) error {
			data, err := b.Index()
			if err != nil {
				return err
			}
			return durable.WriteFile(to, data)
		}
	}
	return t, nil
}

// readSince reads what the other side has: an index, or that of a bundle.
func readSince(path string) (*mirror.Index, error) {
	if path == "" {
		return nil, nil
	}
	if isBundle(path) {
		b, err := mirror.FromBundle(path)
		if err != nil {
			return nil, err
		}
		return b.Index(), b.Close()
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return mirror.ReadIndex(io.Reader(file))
}

// otherHub is a client of the hub that is mirrored to. The token of the
// environment goes there only if that hub is the one it is for.
func (a *app) otherHub(c *hub.Client, endpoint string) (*hub.Client, error) {
	if sameOrigin(c.Endpoint(), endpoint) {
		return c, nil
	}
	cfg, err := a.hubConfig()
	if err != nil {
		return nil, err
	}
	cfg.Endpoint, cfg.CacheDir = endpoint, ""
	cfg.Token, _ = a.lookup(mirrorTokenVariable)
	other, err := hub.New(cfg)
	if err != nil {
		return nil, &usageError{err}
	}
	return other, nil
}
