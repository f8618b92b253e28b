package localhub

import (
	"io"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"longcat/hub/localhub/cas"
	"longcat/hub/localhub/store"
)

// Hub serves one directory. All its methods may be called concurrently.
type Hub struct {
	opts    Options
	prefix  string // path of the public address
	store   *store.Store
	xet     *cas.Store
	lock    io.Closer
	above   Upstream // nil: there is none
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
	described memo[*ggufInfo]        // the same
	hosts     hosts

	conversion conversion
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
