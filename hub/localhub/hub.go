package localhub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"longcat/hub/localhub/store"
	"longcat/hub/wire"
)

// Options configures a Hub. The zero value is a read-only Hub: without tokens
// nobody can write.
type Options struct {
	Tokens       []Token
	AnyNamespace bool // every token reaches every namespace, not only its user's and orgs'

	CDN        string        // base URL that large files are redirected to; empty: the request's own origin
	AddressTTL time.Duration // how long a signed address works; 0: an hour

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

// Hub serves one folder. All its methods may be called concurrently.
type Hub struct {
	opts    Options
	store   *folder
	lock    *os.File
	signer  signer
	tokens  tokens
	limits  limiter
	uploads uploads
	serial  atomic.Uint64 // requests so far
	started int64

	mu    sync.RWMutex // guards repos
	repos map[RepoID]*repo

	// objects is read-locked by whoever makes an object reachable and locked
	// by whoever removes the unreachable ones.
	objects sync.RWMutex

	rendering sync.Mutex // held while a card is rendered: large ones take memory

	tokenIDs   map[string]*Token // by tokenID
	conversion conversion
}

// Open takes dir into use: a hub's, or one that is empty or not there yet. It
// fails with a [*store.NotHubError], and touches nothing, if dir holds anything
// else, and it fails if another process has it open. What was left half-done by
// a hub is removed.
func Open(dir string, opts Options) (*Hub, error) {
	opts.AddressTTL = cmp.Or(opts.AddressTTL, time.Hour)
	opts.PageSize = cmp.Or(opts.PageSize, 1000)
	opts.LFSThreshold = cmp.Or(opts.LFSThreshold, 10<<20)
	opts.Multipart = cmp.Or(opts.Multipart, 64<<20)
	opts.PartSize = cmp.Or(opts.PartSize, 16<<20)
	opts.CDN = strings.TrimRight(opts.CDN, "/")
	if opts.Now == nil {
		opts.Now = time.Now
	}
	tokens, err := newTokens(opts.Tokens)
	if err != nil {
		return nil, err
	}
	if err := store.Claim(dir); err != nil {
		return nil, fmt.Errorf("opening hub folder: %w", err)
	}
	lock, err := lockFile(filepath.Join(dir, "lock"))
	if err != nil {
		return nil, fmt.Errorf("opening hub folder %q: %w", dir, err)
	}
	h := &Hub{
		opts:    opts,
		lock:    lock,
		tokens:  tokens,
		limits:  limiter{quota: opts.RateQuota},
		started: opts.Now().UnixNano(),
		repos:   map[RepoID]*repo{},
	}
	if err := h.load(dir); err != nil {
		return nil, errors.Join(fmt.Errorf("opening hub folder %q: %w", dir, err), lock.Close())
	}
	return h, nil
}

// load reads what the folder holds.
func (h *Hub) load(dir string) (err error) {
	if h.store, err = openFolder(dir); err != nil {
		return err
	}
	key, err := h.store.key()
	if err != nil {
		return err
	}
	h.signer = signer{key: key, now: h.opts.Now}
	h.tokenIDs = map[string]*Token{}
	for _, t := range h.tokens {
		h.tokenIDs[h.tokenID(t)] = t
	}
	entries, err := os.ReadDir(h.store.path("repos"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		id, ok := parseRepoFolder(e.Name())
		if !ok {
			continue
		}
		r, err := openRepo(h.store, id)
		if errors.Is(err, fs.ErrNotExist) { // its creation was cut short
			continue
		}
		if err != nil {
			return err
		}
		h.repos[id] = r
	}
	if err := h.sweep(); err != nil {
		return err
	}
	return h.startXet()
}

// Close lets go of the folder. Uploads that are under way are lost; requests
// that are being served fail.
func (h *Hub) Close() error {
	h.stopXet()
	h.uploads.dropAll()
	return h.lock.Close()
}

// lookup finds a repo by its id.
func (h *Hub) lookup(id RepoID) (*repo, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	r, ok := h.repos[id]
	return r, ok
}

// RepoID names a repo.
type RepoID struct {
	Type wire.RepoType
	Name string // "namespace/name"
}

// String is the repo's page path without the leading slash.
func (id RepoID) String() string { return id.Type.URLPrefix() + id.Name }

// namespace is the user or organisation that owns the repo.
func (id RepoID) namespace() string {
	ns, _, ok := strings.Cut(id.Name, "/")
	if !ok {
		return ""
	}
	return ns
}

// folder is the repo's folder name. "--" can not occur in a repo id.
func (id RepoID) folder() string {
	return id.Type.Plural() + "--" + strings.ReplaceAll(id.Name, "/", "--")
}

func parseRepoFolder(name string) (RepoID, bool) {
	plural, rest, ok := strings.Cut(name, "--")
	t, known := repoTypes[plural]
	id := RepoID{t, strings.ReplaceAll(rest, "--", "/")}
	return id, ok && known && wire.CheckRepoID(id.Name) == nil
}

var repoTypes = map[string]wire.RepoType{
	wire.Model.Plural():   wire.Model,
	wire.Dataset.Plural(): wire.Dataset,
	wire.Space.Plural():   wire.Space,
}
