package localhub

import (
	"net/http"
	"net/url"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
	"longcat/hub/localhub/web"
)

// lists are the pages on no repo in particular, and the types they show.
var lists = map[string][]wire.RepoType{
	"/":         {wire.Model, wire.Dataset, wire.Space},
	"/models":   {wire.Model},
	"/datasets": {wire.Dataset},
	"/spaces":   {wire.Space},
}

// fromBrowser reports whether r comes from something that shows HTML to
// people: it says so by name. Tools take anything (Accept: */*), and get what
// the Hub's API gives.
func fromBrowser(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	if strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/-/") {
		return false
	}
	for kind := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		kind, _, _ = strings.Cut(kind, ";")
		if strings.EqualFold(strings.TrimSpace(kind), "text/html") {
			return true
		}
	}
	return false
}

// serveStyle answers GET /-/style.css.
func (h *Hub) serveStyle(w http.ResponseWriter, c *call) error {
	if c.URL.Path != web.StylePath {
		return errNoRoute
	}
	web.ServeStyle(w, c.Request)
	return nil
}

// writePage answers with a page, whose addresses begin with the path at which
// the public reaches the Hub.
func (h *Hub) writePage(w http.ResponseWriter, status int, p web.Page) error {
	return web.Write(w, status, p, h.prefix)
}

// frame is what surrounds each page.
func (h *Hub) frame(c *call, title string) web.Frame {
	f := web.Frame{Title: title + " · longcat", List: "/", SignIn: len(h.tokens.Load().byHash) > 0}
	if c.token != nil {
		f.User = c.token.User
	} else if f.SignIn && c.URL.Path != "/" {
		f.Next = c.URL.RequestURI()
	}
	return f
}

// inside is what the pages of c's repo have in common.
func (h *Hub) inside(c *call, tab, title string) web.Inside {
	f := h.frame(c, title)
	f.List = "/" + c.id.Type.Plural()
	repo := repoView(c.repo)
	// A folder that can not be read has no pull requests to show.
	if list, err := c.repo.Refs(store.Pulls); err == nil {
		repo.Pulls = len(list)
	}
	return web.Inside{Frame: f, Repo: repo, Tab: tab}
}

// maxRevisions is how many branches, and how many store.Tags, a page offers.
const maxRevisions = 100

// offerRevisions adds the branches and store.Tags to a page that shows rev, with the
// page's address at each.
func (c *call) offerRevisions(in *web.Inside, rev string, address func(rev string) string) error {
	in.Rev = rev
	for _, kind := range []struct {
		name string
		to   *[]web.Link
	}{{store.Heads, &in.Branches}, {store.Tags, &in.Tags}} {
		list, err := c.repo.Refs(kind.name)
		if err != nil {
			return err
		}
		for _, f := range list[:min(len(list), maxRevisions)] {
			*kind.to = append(*kind.to, web.Link{Text: f.Name, Href: address(f.Name)})
		}
	}
	return nil
}

func repoView(r *store.Repo) web.Repo {
	s := r.Settings
	owner, name, ok := strings.Cut(r.ID.Name, "/")
	if !ok {
		owner, name = "", r.ID.Name
	}
	return web.Repo{
		Type: string(r.ID.Type), Owner: owner, Name: name, Href: "/" + r.ID.String(),
		Private: s.Private, Gated: s.Gated != "",
	}
}

// pageAt is the address of one of the repo's pages. A "/" in a revision is escaped,
// so that it can not be taken for the path's.
func pageAt(id RepoID, verb, rev, path string) string {
	address := "/" + id.String() + "/" + verb + "/" + url.PathEscape(rev)
	if path != "" {
		address += "/" + escapePath(path)
	}
	return address
}

// errorTexts are the headings of error pages, and what to do.
var errorTexts = map[int][2]string{
	http.StatusUnauthorized:    {"Sign in to see this", "A token of this hub is wanted as the password, with any user name."},
	http.StatusForbidden:       {"You may not see this", ""},
	http.StatusNotFound:        {"Not here", "It may have been moved or deleted, or the address has a typo."},
	http.StatusTooManyRequests: {"Too many requests", "Wait a few minutes, then load the page again."},
}

// writeErrorPage answers a browser with what writeError says to tools. What a
// visitor without a token may not see looks as if it were not there: only who
// asked to sign in, or gave a wrong token, is asked for a password, by the one
// scheme that browsers know.
func (h *Hub) writeErrorPage(w http.ResponseWriter, c *call, err error) {
	e := asAPIError(err)
	asks := e == errBadToken || isSet(c.URL.Query().Get("signin"))
	if e.Status == http.StatusUnauthorized && !asks {
		e = &apiError{Status: http.StatusNotFound, Code: e.Code}
	}
	setErrorHeaders(w.Header(), e)
	if e.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="longcat", charset="UTF-8"`)
	}
	text, ok := errorTexts[e.Status]
	if !ok {
		text[0] = http.StatusText(e.Status)
	}
	page := web.Error{Frame: h.frame(c, text[0]), Status: e.Status, Heading: text[0], Message: e.Message, Hint: text[1]}
	switch {
	case e == errNoRoute || e == errAnonymous:
		page.Message = "" // says no more than the heading
	case e == errBadToken:
		page.Message = "This hub does not know that token."
	case e.Status == http.StatusNotFound && c.token == nil && page.SignIn:
		page.Hint += " If it is private, sign in with a token to see it."
	}
	if err := h.writePage(w, e.Status, page); err != nil {
		writeError(w, c.Request, err)
	}
}
