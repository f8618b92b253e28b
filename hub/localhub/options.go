package localhub

import (
	"time"

	"longcat/hub/localhub/store"
)

// Request is what Options.Log is told about one request and its answer.
type Request struct {
	ID         string
	Began      time.Time
	Remote     string // address of the client, or of the proxy before it
	Method     string
	Host       string // as the client addressed us: tells the CDN's requests from the Hub's
	Path       string // without the query, which may hold a signature
	Range      string // the Range header
	Authorized bool   // an Authorization header came along
	User       string // "" for anonymous
	Status     int
	Received   int64 // body bytes
	Sent       int64 // body bytes
	Duration   time.Duration
	Err        error // why the request was refused or failed, if it was
}

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

	// Upstream makes what fetches from another hub what is not in the store, for
	// this hub to use and to close. Nil: what is not there is not there.
	Upstream func(*store.Store) Upstream

	// Render turns a README.md into HTML that is safe in a page, its relative
	// addresses put behind base. Nil: pages show cards as they are written.
	Render func(readme []byte, base string) ([]byte, error)

	Now    func() time.Time // nil: time.Now
	Faults *Faults          // misbehaviour for tests; nil: none
	Log    func(Request)    // called after each answer, from many goroutines; nil: no log
}

// uploadTTL is how long an upload may take: its addresses last so long.
const uploadTTL = 24 * time.Hour
