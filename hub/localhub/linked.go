package localhub

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"longcat/hub/internal/wire"
)

// linked is a large file of a repo, as an answer describes it.
type linked struct {
	repo   string // as API paths have it, such as "models/me/model"
	commit string
	sha256 string
	size   int64
}

// tellLinked sets the headers that tell a client what it gets, before or after
// the redirect to the content.
func (h *Hub) tellLinked(header http.Header, c *call, l linked) {
	header.Set(wire.HeaderRepoCommit, l.commit)
	header.Set(wire.HeaderLinkedEtag, `"`+l.sha256+`"`)
	header.Set(wire.HeaderLinkedSize, strconv.FormatInt(l.size, 10))
	known, ok := h.xetFile(l.sha256)
	if !ok {
		return
	}
	header.Set(wire.HeaderXetHash, known.Hash.String())
	header.Set("Link", fmt.Sprintf(`<%s/api/%s/xet-read-token/%s>; rel="xet-auth", <%s/v1/reconstructions/%v>; rel="xet-reconstruction-info"`,
		c.origin(), l.repo, l.commit, h.casURL(c), known.Hash))
}

// addTo puts the file into the query of a signed address. Where the content
// comes from the Hub's own origin, its answer has to describe it once more:
// clients that follow redirects within an origin look at the last answer alone,
// as huggingface_hub 2.4 does.
func (l linked) addTo(q url.Values) {
	q.Set("repo", l.repo)
	q.Set("commit", l.commit)
	q.Set("size", strconv.FormatInt(l.size, 10))
}

// linkedFrom is the file that a signed address speaks of, if it does.
func linkedFrom(q url.Values, sha256 string) (linked, bool) {
	size, err := strconv.ParseInt(q.Get("size"), 10, 64)
	return linked{repo: q.Get("repo"), commit: q.Get("commit"), sha256: sha256, size: size}, err == nil
}

// objectAddress is a signed address of an object, with what its answer is to
// say about it.
func (h *Hub) objectAddress(c *call, oid string, about url.Values) string {
	return h.cdn(c) + h.signer.sign("/-/cdn/"+oid, about, h.opts.AddressTTL)
}
