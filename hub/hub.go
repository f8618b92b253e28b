// Package hub is a client of the Hugging Face Hub's HTTP API and of the servers
// that speak it: repos, trees, file content, commits and LFS transfers.
//
// A [Client] is made from a [Config]; [ConfigFromEnv] reads the variables that
// the Python tools read, so both find the same endpoint, token and cache:
//
//	cfg, err := hub.ConfigFromEnv(os.LookupEnv)
//	c, err := hub.New(cfg)
//	snap, err := c.Download(ctx, hub.DownloadOptions{Repo: hub.Repo{ID: "gpt2"}})
//
// Every failed answer is an [*Error]; use errors.Is with [ErrNotFound],
// [ErrUnauthorized] and the other targets. All methods take a context and are
// safe for concurrent use. The package never prints and reads the environment
// only in ConfigFromEnv.
package hub

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"longcat/hub/cache"
	"longcat/hub/xet"
)

// DefaultEndpoint is the public Hub.
const DefaultEndpoint = "https://huggingface.co"

// Config says which Hub to talk to and how. The zero value is an anonymous
// client of the public Hub without a cache.
type Config struct {
	Endpoint string // base address; DefaultEndpoint when empty
	Token    string // sent to the endpoint's own origin only; anonymous when empty
	CacheDir string // root of the shared cache ("…/huggingface/hub")
	StateDir string // the user's own, where it is noted which files of the cache were hashed; not noted when empty
	Offline  bool   // answer from the cache only; any request is ErrOffline
	NoXet    bool   // keep to plain ranges and LFS

	// ImplicitTokenOff keeps a token that was not asked for out of reads:
	// HF_HUB_DISABLE_IMPLICIT_TOKEN. Writes still use it.
	ImplicitTokenOff bool

	StallTimeout time.Duration // no byte moved for so long: try again; 30 s when 0
	HeadTimeout  time.Duration // longest wait for a file's metadata; StallTimeout when 0
	RetryFor     time.Duration // how long to try while a server can not be reached; 5 minutes when 0, nothing is repeated when negative
	RetryWaitMin time.Duration // first pause between attempts, doubled each time; 1 s when 0
	RetryWaitMax time.Duration // longest such pause; 30 s when 0. A server's own word is honoured up to MaxRateLimitWait.

	Rate int64 // bytes per second of all connections, both ways together; unlimited when 0. Not with a Transport of one's own.

	UserAgent string                               // "longcat" when empty
	Warn      func(topic, text string)             // the Hub's X-HF-Warning, once per topic; dropped when nil
	Notify    func(text string)                    // hears of what went wrong and could be done without, a line each; may be nil
	Waiting   func(reason string, d time.Duration) // before a request that failed is repeated, from any goroutine; may be nil
	Debug     func(line string)                    // hears of every request and answer, without secrets; may be nil
	Transport http.RoundTripper                    // below retries and token; a fitting *http.Transport when nil

	// Proxy gives the proxy of a request, as http.Transport's field does, by the
	// environment when nil. With a Transport it serves for errors only.
	Proxy func(*http.Request) (*url.URL, error)
}

// DefaultRetryFor is how long an outage is ridden out.
const DefaultRetryFor = 5 * time.Minute

// MaxRateLimitWait bounds how long a 429's Retry-After or RateLimit is obeyed.
const MaxRateLimitWait = 10 * time.Minute

// Client talks to one Hub. Make it with [New].
type Client struct {
	cfg      Config
	endpoint *url.URL
	http     *retryablehttp.Client
	reached  sync.Map // set of hosts that have answered

	listings listings
	storesMu sync.Mutex
	stores   map[storeKey]*xet.Client // chunk stores that are open, nil for a repo without one

	patience time.Duration   // how long the hub is waited for when the cache could answer
	away     atomic.Int64    // when the hub was found not to answer, in Unix nanoseconds
	verified *cache.Verified // files of the cache that were hashed

	probe int64 // bytes of a large file that each way of fetching it is tried with

	who atomic.Pointer[User] // what WhoAmI was told

	warnMu sync.Mutex
	warned map[string]bool
}

// New returns a client. It makes no request; it fails on a malformed endpoint.
func New(cfg Config) (*Client, error) {
	cfg.Endpoint = strings.TrimRight(cmp.Or(cfg.Endpoint, DefaultEndpoint), "/")
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("%q is not the address of a hub: want http(s)://host", cfg.Endpoint)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the hub's address %q must not hold a user, a query or a fragment", u.Redacted())
	}
	if strings.ContainsFunc(cfg.Token, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("the token holds a space or another character that no token has")
	}
	cfg.StallTimeout = cmp.Or(cfg.StallTimeout, 30*time.Second)
	cfg.HeadTimeout = cmp.Or(cfg.HeadTimeout, cfg.StallTimeout)
	cfg.RetryFor = cmp.Or(cfg.RetryFor, DefaultRetryFor)
	if cfg.Proxy == nil {
		cfg.Proxy = http.ProxyFromEnvironment
	}
	cfg.RetryWaitMin = cmp.Or(cfg.RetryWaitMin, time.Second)
	cfg.RetryWaitMax = cmp.Or(cfg.RetryWaitMax, 30*time.Second)
	cfg.UserAgent = cmp.Or(cfg.UserAgent, "longcat")

	c := &Client{cfg: cfg, verified: cache.NewVerified(cfg.StateDir), patience: hubPatience, endpoint: u, probe: probeSize, warned: map[string]bool{}, stores: map[storeKey]*xet.Client{}}
	c.http = c.newHTTP()
	return c, nil
}

// Endpoint is the Hub's base address, without a slash at the end.
func (c *Client) Endpoint() string { return c.cfg.Endpoint }

// HasToken tells whether the client can act as somebody.
func (c *Client) HasToken() bool { return c.cfg.Token != "" }

// CacheDir is the root of the shared cache, "" when the client has none.
func (c *Client) CacheDir() string { return c.cfg.CacheDir }

// PageURL is the address at which a person reads the repo.
func (c *Client) PageURL(r Repo) string {
	return c.cfg.Endpoint + "/" + r.Type.URLPrefix() + r.ID
}

func (c *Client) notify(format string, args ...any) {
	if c.cfg.Notify != nil {
		c.cfg.Notify(c.clean(fmt.Sprintf(format, args...), 1000))
	}
}

// storeKey is what a Xet token is for.
type storeKey struct {
	repo     Repo
	rev      string
	access   xetAccess
	createPR bool
}

// xetAccess is what a Xet token is for.
type xetAccess string

const (
	// hubPatience is how long the hub is waited for when the cache could answer.
	hubPatience = 10 * time.Second
	// hubAway is for how long after that the cache answers at once.
	hubAway = time.Minute
)
