package localhub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"longcat/hub/localhub/cas"
	"longcat/hub/localhub/store"
)

// Options configures a Hub. The zero value is a read-only Hub: without tokens
// nobody can write.
type Options struct {
	Tokens       []Token
	ReadOnly     bool // nothing is written to the directory, which may be open elsewhere
	AnyNamespace bool // every token reaches every namespace, not only its user's and orgs'

	PrivateByDefault []string // namespaces whose new repos are private unless the request says otherwise

	PublicURL string   // address under which clients reach the Hub; empty: whichever they use
	Hosts     []string // names in addresses that lead here, beside PublicURL's; IP addresses and localhost always do

	CDN        string        // base URL that large files are redirected to; empty: the request's own origin
	AddressTTL time.Duration // how long a signed address works; 0: an hour
	BodyGrace  time.Duration // how long a body may take before it must have come at 1 KiB a second; 0: 30 s

	PageSize     int   // entries a page of a tree or list; 0: 1000
	LFSThreshold int64 // bytes from which any file is large; 0: 10 MiB
	Multipart    int64 // bytes from which an upload goes in parts; 0: 64 MiB
	PartSize     int64 // bytes a part has at least; 0: 16 MiB

	NoXet bool // large files come and go as a whole only, as on older Hubs

	RateQuota int // requests per caller, bucket and five minutes; 0: no limit, the Hub's own numbers are announced

	// Render turns a README.md into HTML that is safe in a page, its relative
	// addresses put behind base. Nil: pages show cards as they are written.
	Render func(readme []byte, base string) ([]byte, error)

	Now    func() time.Time // nil: time.Now
	Faults *Faults          // misbehaviour for tests; nil: none
	Log    func(Request)    // called after each answer, from many goroutines; nil: no log
}

// Hub serves one directory. All its methods may be called concurrently.
type Hub struct {
	opts    Options
	prefix  string // path of the public address
	store   *store.Store
	xet     *cas.Store
	lock    io.Closer
	signer  signer
	tokens  atomic.Pointer[tokens]
	limits  limiter
	uploads uploads
	serial  atomic.Uint64 // requests so far
	started int64

	memory    *semaphore.Weighted    // of work that takes much of it
	verifying *turns                 // of shards
	rendered  memo[[]byte]           // cards as HTML, by git blob id
	cards     memo[card]             // metadata of cards, by git blob id
	counted   memo[*safetensorsInfo] // by repo and commit
	hosts     hosts

	conversion conversion
}

// Open takes dir into use: a hub's, or one that is empty or not there yet. It
// fails with a [*store.NotHubError], and touches nothing, if dir holds anything
// else, and it fails if another process serves it. What was left half-done by a
// hub is removed.
func Open(dir string, opts Options) (*Hub, error) {
	opts.AddressTTL = cmp.Or(opts.AddressTTL, time.Hour)
	opts.BodyGrace = cmp.Or(opts.BodyGrace, 30*time.Second)
	opts.PageSize = cmp.Or(opts.PageSize, 1000)
	opts.LFSThreshold = cmp.Or(opts.LFSThreshold, 10<<20)
	opts.Multipart = cmp.Or(opts.Multipart, 64<<20)
	opts.PartSize = cmp.Or(opts.PartSize, 16<<20)
	opts.CDN = strings.TrimRight(opts.CDN, "/")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	prefix, err := publicPrefix(opts.PublicURL)
	if err != nil {
		return nil, err
	}
	h := &Hub{
		prefix:    prefix,
		opts:      opts,
		limits:    limiter{quota: opts.RateQuota},
		started:   opts.Now().UnixNano(),
		memory:    memoryLimit(),
		verifying: newTurns(4),
		hosts:     newHosts(&opts),
	}
	h.rendered.max, h.cards.max, h.counted.max = 16<<20, 16<<20, 4<<20
	if err := h.load(dir); err != nil {
		return nil, fmt.Errorf("opening hub directory %q: %w", dir, err)
	}
	return h, nil
}

// load opens what the directory holds. If it fails, nothing stays open.
func (h *Hub) load(dir string) (err error) {
	open := store.Open
	if h.opts.ReadOnly {
		open = store.OpenReadOnly
	}
	if h.store, err = open(dir); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.store.Close())
		}
	}()
	lock := io.Closer(io.NopCloser(nil))
	if !h.opts.ReadOnly { // any number may read
		if lock, err = h.store.LockAlone("lock"); err != nil {
			return err
		}
	}
	h.lock = lock
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := h.openXet(); err != nil {
		return err
	}
	key, err := signingKey(h.store, h.opts.ReadOnly)
	if err != nil {
		return err
	}
	h.signer = signer{key: key, now: h.opts.Now}
	if err := h.SetTokens(h.opts.Tokens); err != nil {
		return err
	}
	if h.opts.ReadOnly {
		h.startReading()
		return nil
	}
	if err := h.collect(context.Background()); err != nil {
		return err
	}
	if err := h.startXet(); err != nil {
		return err
	}
	go h.collectByItself(h.conversion.ctx)
	return nil
}

// Close lets go of the directory. Uploads that are under way are lost; requests
// that are being served fail.
func (h *Hub) Close() error {
	h.stopXet()
	h.uploads.dropAll()
	return errors.Join(h.store.Close(), h.lock.Close())
}

// lookup finds a repo by its id.
func (h *Hub) lookup(id RepoID) (*store.Repo, bool) {
	r, err := h.store.Repo(id)
	return r, err == nil
}

// RepoID names a repo.
type RepoID = store.RepoID

// Settings are what a repo's owner decides about it.
type Settings = store.Settings
