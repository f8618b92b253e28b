package localhub

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// global are the requests on no repo in particular, by method and path.
var global = map[string]handler{
	"GET /api/whoami-v2":       (*Hub).whoAmI,
	"POST /api/repos/create":   (*Hub).createRepo,
	"DELETE /api/repos/delete": (*Hub).deleteRepo,
	"POST /api/repos/move":     (*Hub).moveRepo,
	"POST /api/validate-yaml":  (*Hub).validateYAML,
	"GET /api/models":          (*Hub).listRepos,
	"GET /api/datasets":        (*Hub).listRepos,
	"GET /api/spaces":          (*Hub).listRepos,
}

// tokenless are the requests that need no token of the Hub's: those on addresses
// that we signed, those with a Xet token, and for the pages' style. A repo can
// not be called "-".
var tokenless = map[string]handler{
	"GET style.css": (*Hub).serveStyle,
	"GET cdn":       (*Hub).serveObject,
	"GET xorb":      (*Hub).serveXorb,
	"PUT xorb":      (*Hub).putXorb,
	"GET cas":       (*Hub).serveCAS,
	"POST cas":      (*Hub).serveCAS,
	"PUT object":    (*Hub).putObject,
	"PUT part":      (*Hub).putPart,
	"POST complete": (*Hub).completeParts,
	"POST verify":   (*Hub).verifyObject,
}

// repoAPI are the requests below /api/models/{repo}, by method and verb.
var repoAPI = map[string]route{
	"GET ":              {toSee, (*Hub).repoInfo},
	"GET revision":      {toSee, (*Hub).repoInfo},
	"GET tree":          {toSee, (*Hub).listTree},
	"POST paths-info":   {toSee, (*Hub).pathsInfo},
	"GET refs":          {toSee, (*Hub).listRefs},
	"POST branch":       {toWrite, (*Hub).createBranch},
	"DELETE branch":     {toWrite, (*Hub).deleteBranch},
	"POST tag":          {toWrite, (*Hub).createTag},
	"DELETE tag":        {toWrite, (*Hub).deleteTag},
	"GET commits":       {toSee, (*Hub).listCommits},
	"POST super-squash": {toWrite, (*Hub).superSquash},
	"POST preupload":    {toPropose, (*Hub).preupload},
	"POST commit":       {toPropose, (*Hub).postCommit},
	"PUT settings":      {toWrite, (*Hub).putSettings},
	"GET auth-check":    {toRead, (*Hub).authCheck},
	"GET lfs-files":     {toRead, (*Hub).lfsFiles},
	"POST lfs-files":    {toRead, (*Hub).copyLFSFiles},
	"POST discussions":  {toPropose, (*Hub).openPull},
	"GET discussions":   {toSee, (*Hub).pullDetails},

	"GET xet-read-token":  {toRead, (*Hub).xetReadToken},
	"GET xet-write-token": {toPropose, (*Hub).xetWriteToken},
}

// pages are the requests of tools below /{repo}, by method and verb.
var pages = map[string]route{
	"GET resolve": {toRead, (*Hub).resolveFile},
	"GET raw":     {toRead, (*Hub).rawFile},
	"POST info":   {toRead, (*Hub).lfsBatch},
	"GET info":    {toSee, (*Hub).noGit},
}

// verbs are the words that may follow a repo's name in an address.
var verbs = func() map[string]bool {
	words := map[string]bool{}
	for _, table := range []map[string]route{repoAPI, pages} {
		for key := range table {
			_, verb, _ := strings.Cut(key, " ")
			words[verb] = true
		}
	}
	for verb := range browserPages {
		words[verb] = true
	}
	return words
}()

// route finds who serves the call, and checks that the caller may.
func (h *Hub) route(w http.ResponseWriter, c *call) error {
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	escaped := strings.TrimLeft(c.URL.EscapedPath(), "/") // clients with a "/" at the end of their endpoint send two
	c.URL.Path = "/" + strings.TrimLeft(c.URL.Path, "/")
	if rest, ok := strings.CutPrefix(escaped, "-/"); ok {
		word, _, _ := strings.Cut(rest, "/")
		if serve := tokenless[method+" "+word]; serve != nil {
			return serve(h, w, c)
		}
		return errNoRoute
	}
	token, err := h.tokens.Load().authenticate(c.Request)
	if err != nil {
		return err
	}
	c.token = token
	if err := h.limits.take(w.Header(), c, h.opts.Now()); err != nil {
		return err
	}
	if serve := global[method+" "+c.URL.Path]; serve != nil {
		return serve(h, w, c)
	}
	if lists[c.URL.Path] != nil && c.browser {
		c.page = true
		return h.listPage(w, c)
	}
	var segments []string
	for s := range strings.SplitSeq(escaped, "/") {
		s, err := url.PathUnescape(s)
		if err != nil {
			return errNoRoute
		}
		segments = append(segments, s)
	}
	return h.routeRepo(w, c, method, segments)
}

// routeRepo serves a request on a repo.
func (h *Hub) routeRepo(w http.ResponseWriter, c *call, method string, segments []string) error {
	api := segments[0] == "api"
	table, segments := tableFor(segments)
	t, typed := store.RepoTypes[segments[0]]
	if typed {
		segments = segments[1:]
	} else if t = wire.Model; api {
		return errNoRoute
	}
	name, rest := h.splitRepo(t, segments)
	behind := len(rest) // in the address
	if strings.HasPrefix(c.URL.Path, resolveCache) {
		behind-- // "resolve" is not in it
	}
	verb := ""
	if len(rest) > 0 {
		verb, rest = rest[0], rest[1:]
	}
	route, ok := table[method+" "+verb]
	if !ok && c.browser && !api {
		route, ok = browserPages[verb]
		c.page = ok
	}
	if !ok || wire.CheckRepoID(name) != nil {
		return errNoRoute
	}
	c.id = RepoID{Type: t, Name: name}
	c.rev, c.path = splitRev(rest)
	if err := h.follow(c, route.need); err != nil {
		return err
	}
	c.repo, _ = h.store.Find(c.id)
	if err := h.authorize(c.token, c.repo, route.need); err != nil {
		return err
	}
	if c.repo.ID != c.id {
		if method == http.MethodGet {
			redirect(w, c, http.StatusTemporaryRedirect, c.renamed(c.repo.ID.Name, len(strings.Split(name, "/")), behind))
			return nil
		}
		c.id = c.repo.ID // not all clients send a body twice
	}
	return route.serve(h, w, c)
}

// renamed is the call's address with another name of the repo, which is width
// segments before the last ones.
func (c *call) renamed(name string, width, last int) string {
	segments := strings.Split(strings.TrimLeft(c.URL.EscapedPath(), "/"), "/")
	at := len(segments) - last - width
	address := "/" + strings.Join(slices.Concat(segments[:at], strings.Split(name, "/"), segments[at+width:]), "/")
	if c.URL.RawQuery != "" {
		address += "?" + c.URL.RawQuery
	}
	return address
}

// resolveCache is where addresses of files at a commit begin.
const resolveCache = "/api/resolve-cache/"

// tableFor picks the table that a path is served from, and what is left of
// the path. The cache of resolved files is the resolve page of a commit.
func tableFor(segments []string) (map[string]route, []string) {
	if segments[0] != "api" || len(segments) < 2 {
		return pages, segments
	}
	if segments[1] != "resolve-cache" || len(segments) < 5 {
		return repoAPI, segments[1:]
	}
	segments = segments[2:]
	at := 3 // type, namespace, name
	if store.IsCommitID(segments[2]) {
		at = 2
	}
	return pages, slices.Insert(segments, at, "resolve")
}

// splitRepo cuts a repo's name off the front: two segments, or one if nothing
// follows it, or a verb that is not the name of a repo itself. git addresses end
// the name in ".git".
func (h *Hub) splitRepo(t wire.RepoType, segments []string) (name string, rest []string) {
	n := min(2, len(segments))
	if n == 2 && verbs[segments[1]] {
		if _, err := h.store.Find(RepoID{Type: t, Name: segments[0] + "/" + segments[1]}); err != nil {
			n = 1
		}
	}
	return strings.TrimSuffix(strings.Join(segments[:n], "/"), ".git"), segments[n:]
}

// splitRev cuts a revision off the front: one segment, in which "/" is written
// %2F, or the three of a full ref name.
func splitRev(segments []string) (rev, path string) {
	n := min(1, len(segments))
	if len(segments) >= 3 && segments[0] == "refs" {
		n = 3
	}
	return strings.Join(segments[:n], "/"), strings.TrimSuffix(strings.Join(segments[n:], "/"), "/")
}

// browserPages are the pages below /{repo} that people see, by verb.
var browserPages = map[string]route{
	"":            {toSee, (*Hub).cardPage},
	"tree":        {toSee, (*Hub).treePage},
	"blob":        {toRead, (*Hub).blobPage},
	"commits":     {toSee, (*Hub).commitsPage},
	"commit":      {toSee, (*Hub).commitPage},
	"discussions": {toSee, (*Hub).pullPage},
}
