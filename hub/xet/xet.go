// Package xet speaks the Xet protocol, in which a Hub keeps large files as
// chunks that are found by their content: what a server holds already, in
// whatever file, need not be sent again.
//
// A [Client] talks to one CAS server (content-addressed storage) with tokens
// that a Hub hands out. [Client.Download] puts a file together from the chunks
// that it is made of; package upload sends contents through a Client, and of
// them only the chunks that are new. The formats are packages of their own: cdc
// cuts content into chunks, merkle names things, xorb packs chunks, shard
// describes files.
//
// Source: huggingface/hub-docs, docs/xet/*.md (version 1.1.0); upload grants,
// which it does not describe yet, as recorded between hf_xet 1.8.0 and the
// CAS server that comes with it.
package xet

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// A Doer sends requests: an *http.Client, or something that retries what may
// pass (429, 5xx, a connection that broke before the answer). A request with a
// body has ContentLength and GetBody set, so that it can be sent again. If the
// Doer follows redirects it must not take the Authorization header to another
// host.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Operation is what a request of a Client is for: "uploading xorb", … A Doer that
// says so in its errors spares the Client to.
func Operation(ctx context.Context) string {
	op, _ := ctx.Value(operation{}).(string)
	return op
}

// Optional says that a request of a Client only saves work: a Doer is not to
// repeat it.
func Optional(ctx context.Context) bool {
	optional, _ := ctx.Value(optionalKey{}).(bool)
	return optional
}

// Slow says that a server may take minutes to answer a request of a Client: it
// checks all that a xorb or a shard is about.
func Slow(ctx context.Context) bool {
	slow, _ := ctx.Value(slowKey{}).(bool)
	return slow
}

// Keys of a request's context.
type (
	operation   struct{}
	optionalKey struct{}
	slowKey     struct{}
)

// Options of a Client. The zero value works.
type Options struct {
	Now   func() time.Time // time.Now when nil
	Pause time.Duration    // before repeating what failed inside an answer, doubled each time; 500 ms when 0
}

// tries is how often the client does a thing that Doer can not repeat, because
// the failure shows only in the answer's body or asks for another request.
const tries = 4

// Client talks to the CAS server that its tokens name. It is safe for
// concurrent use. Make it with [New].
type Client struct {
	http   Doer
	now    func() time.Time
	pause  time.Duration
	tokens TokenSource

	mu    sync.Mutex // held while a token is fetched
	token Token

	// What the server has shown not to have, so that it is asked only once.
	noGrants, noShardsV2, noReconstructionsV2 atomic.Bool
	prefix                                    dedupPrefix
	dedupFailures                             atomic.Int32 // queries that the server failed to answer
}

// New returns a client. It makes no request.
func New(doer Doer, tokens TokenSource, o Options) *Client {
	c := &Client{http: doer, tokens: tokens, now: o.Now, pause: o.Pause}
	if c.now == nil {
		c.now = time.Now
	}
	if c.pause == 0 {
		c.pause = 500 * time.Millisecond
	}
	return c
}
