package localhub

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// xetTokenTTL is how long a Xet token works. Clients ask for a new one in time.
const xetTokenTTL = 15 * time.Minute

// The scopes of Xet tokens. Writing includes reading.
const (
	xetRead  = "read"
	xetWrite = "write"
)

// xetReadToken answers GET /api/models/{repo}/xet-read-token/{rev}.
func (h *Hub) xetReadToken(w http.ResponseWriter, c *call) error {
	if _, err := c.commit(); err != nil {
		return err
	}
	return h.giveXetToken(w, c, xetRead)
}

// xetWriteToken answers GET /api/models/{repo}/xet-write-token/{rev}. The
// revision may be one that a pull request is yet to make.
func (h *Hub) xetWriteToken(w http.ResponseWriter, c *call) error {
	return h.giveXetToken(w, c, xetWrite)
}

// writeTokenAddress is where a token to write to a revision is to be had.
func (h *Hub) writeTokenAddress(c *call, rev string) string {
	return c.origin() + "/api/" + c.id.Type.Plural() + "/" + c.id.Name + "/xet-write-token/" + url.PathEscape(rev)
}

// giveXetToken answers with a token for the repo. It is an address that we
// signed, in another guise: nothing is kept about it, and what its holder may
// do is found out anew each time it is used.
func (h *Hub) giveXetToken(w http.ResponseWriter, c *call, scope string) error {
	if h.opts.NoXet {
		return errNoRoute
	}
	signed := h.signer.sign("xet", url.Values{
		"repo": {c.id.Directory()}, "scope": {scope}, "token": {h.tokenID(c.token)},
	}, xetTokenTTL)
	token := wire.XetToken{
		AccessToken: "xet_" + base64.RawURLEncoding.EncodeToString([]byte(signed)),
		CASURL:      h.casURL(c),
		Exp:         h.opts.Now().Add(xetTokenTTL).Unix(),
	}
	w.Header().Set("X-Xet-Access-Token", token.AccessToken)
	w.Header().Set("X-Xet-Cas-Url", token.CASURL)
	w.Header().Set("X-Xet-Token-Expiration", strconv.FormatInt(token.Exp, 10))
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, token)
	return nil
}

var errBadXetToken = &apiError{Status: http.StatusUnauthorized, Message: "Invalid or expired Xet token"}

// authenticateXet finds out whose request c is and which repo it is about, and
// checks that they may do with it what the scope says.
func (h *Hub) authenticateXet(c *call, scope string) error {
	kind, secret, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	text, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(secret, "xet_"))
	if err != nil || !strings.EqualFold(kind, "Bearer") {
		return errBadXetToken
	}
	path, query, _ := strings.Cut(string(text), "?")
	q, err := h.signer.check(&url.URL{Path: path, RawQuery: query})
	if err != nil || path != "xet" {
		return errBadXetToken
	}
	if id := q.Get("token"); id != "" {
		if c.token = h.tokens.Load().byID[id]; c.token == nil {
			return errBadXetToken
		}
	}
	if scope == xetWrite && q.Get("scope") != xetWrite {
		return forbidden("This Xet token is for reading only")
	}
	c.id, _ = store.ParseDirectory(q.Get("repo"))
	c.repo, _ = h.lookup(c.id)
	if scope == xetWrite {
		return h.authorize(c.token, c.repo, toPropose)
	}
	return h.authorize(c.token, c.repo, toRead)
}

// casURL is the address under which chunks are kept. Clients remember for weeks
// which xorbs they saw under an address, and count on them. So it changes when
// xorbs are removed, and differs from folder to folder.
func (h *Hub) casURL(c *call) string {
	generation := strconv.FormatInt(h.xet.Generation(), 10)
	return c.origin() + "/-/cas/" + h.signer.mac("cas", url.Values{"generation": {generation}})[:16]
}
