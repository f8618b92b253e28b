package localhub

import (
	"cmp"
	"net/http"
	"strconv"

	"longcat/hub/localhub/store"
)

// call is one request, taken apart.
type call struct {
	*http.Request
	token *Token // nil: anonymous

	public  string // the address that clients are told; "" for the one that this one uses
	browser bool   // errors are to be pages
	page    bool   // it is for one of the pages that people see

	id   RepoID
	repo *store.Repo
	rev  string // what follows the verb, decoded
	path string // what follows rev, decoded; not checked
}

type handler func(h *Hub, w http.ResponseWriter, c *call) error

// route is how one kind of request on a repo is served.
type route struct {
	need  need
	serve handler
}

// commit is the commit that the address names; the default branch's if none.
func (c *call) commit() (*store.Commit, error) {
	return c.repo.Resolve(cmp.Or(c.rev, store.DefaultBranch))
}

// origin is where the Hub is for the client: scheme, host and the path, if any,
// below which it is.
func (c *call) origin() string {
	if c.public != "" {
		return c.public
	}
	scheme := "http"
	if c.TLS != nil || c.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + c.Host
}

// cursor is where a page of a list of n begins, as its address says.
func cursor(c *call, n int) int {
	start, err := strconv.Atoi(c.URL.Query().Get("cursor"))
	if err != nil || start < 0 || start > n {
		return 0
	}
	return start
}

// withQuery is the page's own address with another query.
func (c *call) withQuery(set map[string]string) string {
	q := c.URL.Query()
	for k, v := range set {
		if q.Set(k, v); v == "" {
			q.Del(k)
		}
	}
	if len(q) == 0 {
		return c.URL.EscapedPath()
	}
	return c.URL.EscapedPath() + "?" + q.Encode()
}

// target is the name that a branch or tag request is about.
func (c *call) target() string {
	if c.path != "" { // a "/" in the name that was not encoded
		return c.rev + "/" + c.path
	}
	return c.rev
}
