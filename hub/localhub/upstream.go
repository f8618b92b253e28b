package localhub

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Upstream is another hub that has what this one lacks (see package
// pullthrough).
type Upstream interface {
	// Follow makes the store know a revision of a repo, "" being the default
	// branch, as the other hub has it. A repo or revision that is not there
	// either is no error.
	Follow(ctx context.Context, id RepoID, rev string) error
	// Open returns the content of a file that the store lists and lacks, and
	// makes the store keep it.
	Open(ctx context.Context, r *store.Repo, commit string, f store.File) (io.ReadSeekCloser, error)
	io.Closer
}

// errUpstream is for clients: what went wrong, the log says. They try again.
var errUpstream = &apiError{Status: http.StatusBadGateway, Message: "The hub upstream gave no answer"}

// follow makes the store know what the call asks about. Writes are not for
// the upstream.
func (h *Hub) follow(c *call, n need) error {
	if h.above == nil || n > toRead {
		return nil
	}
	rev := c.rev
	if c.Method == http.MethodPost && n == toRead { // a batch of Git LFS, which names no revision here
		rev = ""
	}
	err := h.above.Follow(c.Context(), c.id, rev)
	if err != nil && c.Context().Err() == nil {
		return errors.Join(errUpstream, err)
	}
	return err
}

// openOrFetch opens the content of a file of a commit, wherever it is.
func (h *Hub) openOrFetch(c *call, at *store.Commit, f store.File) (io.ReadSeekCloser, error) {
	content, err := h.open(c.repo, f)
	if !errors.Is(err, fs.ErrNotExist) {
		return content, err
	}
	if h.above == nil {
		return nil, leftOut(f)
	}
	if content, err = h.above.Open(c.Context(), c.repo, at.ID, f); err != nil {
		return nil, errors.Join(errUpstream, err)
	}
	return content, nil
}

// fetchLinked opens a large file that the store lacks, by what its signed
// address says of it. The error is fs.ErrNotExist if that leads nowhere.
func (h *Hub) fetchLinked(c *call, q url.Values, sha256 string) (io.ReadSeekCloser, error) {
	l, ok := linkedFrom(q, sha256)
	if h.above == nil || !ok {
		return nil, fs.ErrNotExist
	}
	plural, name, _ := strings.Cut(l.repo, "/")
	r, ok := h.lookup(RepoID{Type: store.RepoTypes[plural], Name: name})
	if !ok {
		return nil, fs.ErrNotExist
	}
	at, err := r.Commit(l.commit)
	if err != nil {
		return nil, err
	}
	f, ok := withObject(at, sha256)
	if !ok {
		return nil, fs.ErrNotExist
	}
	content, err := h.above.Open(c.Context(), r, at.ID, f)
	if err != nil {
		return nil, errors.Join(errUpstream, err)
	}
	return content, nil
}

// leftOut is the answer for a file that a commit lists and that is not kept: a
// mirror may hold some files only.
func leftOut(f store.File) error {
	return noEntry(f.Path + " is in this commit, but its content was left out when the repo was mirrored")
}

// withObject finds the file of a commit whose content has this sha256.
func withObject(at *store.Commit, sha256 string) (store.File, bool) {
	for _, f := range at.Files() {
		if f.LFS == sha256 {
			return f, true
		}
	}
	return store.File{}, false
}

// offerUpstream returns the address of an object that the store lacks, if the repo's
// default branch has it.
func (h *Hub) offerUpstream(c *call, a *wire.LFSBatchObject) bool {
	if h.above == nil || c.repo.Upstream == "" {
		return false
	}
	at, err := c.repo.Resolve(store.DefaultBranch)
	if err != nil {
		return false
	}
	f, ok := withObject(at, a.OID)
	if !ok {
		return false
	}
	about := url.Values{}
	linked{repo: c.id.Type.Plural() + "/" + c.id.Name, commit: at.ID, sha256: a.OID, size: f.Size}.addTo(about)
	a.Size = f.Size
	a.Actions = map[string]*wire.LFSAction{"download": {Href: h.objectAddress(c, a.OID, about), ExpiresIn: int(h.opts.AddressTTL / time.Second)}}
	return true
}
