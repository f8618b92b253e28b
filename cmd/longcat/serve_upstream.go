package main

import (
	"net/url"

	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/pullthrough"
)

// upstream is what fetches from the hub above, nil if there is to be none. The
// token of the environment goes there only if that hub is the one it is for:
// --token is the token of this hub.
func (a *app) upstream(f serveFlags) (func(*store.Store) localhub.Upstream, error) {
	if f.upstream == "" {
		return nil, nil
	}
	if f.readOnly {
		return nil, usagef("--upstream keeps what it fetches: it does not go with --read-only")
	}
	cfg, err := a.hubConfig()
	if err != nil {
		return nil, err
	}
	if !sameOrigin(cfg.Endpoint, f.upstream) {
		cfg.Token = ""
	}
	cfg.Endpoint, cfg.CacheDir = f.upstream, ""
	c, err := hub.New(cfg)
	if err != nil {
		return nil, &usageError{err}
	}
	return func(s *store.Store) localhub.Upstream {
		return pullthrough.New(c, s, pullthrough.Options{Notify: a.remark})
	}, nil
}

// sameOrigin reports whether two URLs lead to one server.
func sameOrigin(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	return err == nil && x.Scheme == y.Scheme && x.Host == y.Host
}
