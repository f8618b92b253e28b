package localhub

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// hosts are the names that requests may be addressed to. A browser sends its
// user's password to whatever host it thinks it talks to: a page of another
// site, whose name was made to lead here, must not read private repos (DNS
// rebinding). Addresses in digits can not be made to, nor can names that the
// public DNS never has.
type hosts map[string]bool

func newHosts(opts *Options) hosts {
	hs := hosts{"localhost": true}
	for _, name := range opts.Hosts {
		hs[strings.ToLower(name)] = true
	}
	for _, address := range []string{opts.PublicURL, opts.CDN} {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			hs[strings.ToLower(u.Hostname())] = true
		}
	}
	return hs
}

// publicPrefix is the path of the public address, such as "/hub" or "".
func publicPrefix(address string) (string, error) {
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("public address: %w", err)
	}
	prefix := strings.TrimSuffix(u.Path, "/")
	switch {
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return "", fmt.Errorf("public address %q: want http:// or https:// and a host", address)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("public address %q: a user, query or fragment can not be part of it", address)
	case !plainPrefix.MatchString(prefix):
		return "", fmt.Errorf("public address %q: its path can have letters, digits, '-', '_' and '.' alone", address)
	}
	return prefix, nil
}

var plainPrefix = regexp.MustCompile(`^(/[0-9A-Za-z_-][0-9A-Za-z._-]*)*$`)

// privateName tells whether only a network's own administrator can make a name
// lead somewhere: one without a dot, or under a domain that is reserved.
// Sources: RFC 6761, RFC 8375, ICANN's reservation of ".internal" (2024).
func privateName(name string) bool {
	for _, domain := range []string{".test", ".localhost", ".internal", ".home.arpa"} {
		if strings.HasSuffix(name, domain) {
			return true
		}
	}
	return name != "" && !strings.Contains(name, ".")
}

// check returns the answer to a request that is addressed to somebody else.
func (hs hosts) check(host string) error {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || hs[name] || privateName(name) {
		return nil
	}
	return &apiError{
		Status:  http.StatusMisdirectedRequest,
		Message: "This hub is not reached under the name " + strings.ToValidUTF8(name, "?") + ": whoever runs it can allow that with its public address",
	}
}
