package localhub

import (
	"cmp"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"

	"longcat/hub/localhub/store"
	"longcat/hub/localhub/web"
)

// shownCommits and shownEdits are how many a page has.
const (
	shownCommits = 50
	shownEdits   = 1000
)

// commitsPage answers GET /{repo}/commits/{rev}. A later page starts at the
// commit that its query names, so that a new commit does not shift it.
func (h *Hub) commitsPage(w http.ResponseWriter, c *call) error {
	at, err := c.commit()
	if err != nil {
		return err
	}
	rev := cmp.Or(c.rev, store.DefaultBranch)
	page := web.Commits{Inside: h.inside(c, "commits", "Commits of "+c.id.Name)}
	if err := c.offerRevisions(&page.Inside, rev, func(rev string) string { return pageAt(c.id, "commits", rev, "") }); err != nil {
		return err
	}
	id := at.ID
	if from := c.URL.Query().Get("from"); store.IsCommitID(from) {
		id, page.Newest = from, c.withQuery(map[string]string{"from": ""})
	}
	for range shownCommits {
		if id == "" {
			break
		}
		one, err := c.repo.Header(id)
		if errors.Is(err, fs.ErrNotExist) {
			return noRevision(id)
		}
		if err != nil {
			return err
		}
		page.Changes = append(page.Changes, c.change(one))
		id = one.Parent
	}
	if id != "" {
		page.Older = c.withQuery(map[string]string{"from": id})
	}
	return h.writePage(w, http.StatusOK, page)
}

// commitPage answers GET /{repo}/commit/{id}: where a commit's answer leads.
func (h *Hub) commitPage(w http.ResponseWriter, c *call) error {
	at, err := c.commit()
	if err != nil {
		return err
	}
	var parent *store.Commit
	if at.Parent != "" {
		if parent, err = c.repo.Commit(at.Parent); err != nil {
			return err
		}
	}
	page := web.Commit{
		Inside: h.inside(c, "commits", at.Title+" in "+c.id.Name), Change: c.change(at),
		Files: pageAt(c.id, "tree", at.ID, ""), Edits: c.edits(parent, at),
	}
	if parent != nil {
		page.Parent = web.Link{Text: parent.ID, Href: pageAt(c.id, "commit", parent.ID, "")}
	}
	return h.writePage(w, http.StatusOK, page)
}

// edits are what turned the files of one commit, or of none, into another's.
func (c *call) edits(from, to *store.Commit) web.Edits {
	var e web.Edits
	add := func(kind string, at *store.Commit, f store.File, was int64) {
		if len(e.List) == shownEdits {
			e.Left++
			return
		}
		e.List = append(e.List, web.Edit{Kind: kind, File: web.Link{Text: f.Path, Href: pageAt(c.id, "blob", at.ID, f.Path)}, Size: f.Size, Was: was})
	}
	var old []store.File
	if from != nil {
		old = from.Files()
	}
	now := to.Files()
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && old[0].Path < now[0].Path:
			e.Removed++
			add("removed", from, old[0], old[0].Size)
			old = old[1:]
		case len(old) == 0 || now[0].Path < old[0].Path:
			e.Added++
			add("added", to, now[0], 0)
			now = now[1:]
		default:
			if old[0].OID != now[0].OID {
				e.Changed++
				add("changed", to, now[0], old[0].Size)
			}
			old, now = old[1:], now[1:]
		}
	}
	return e
}

// pullPage answers GET /{repo}/discussions[/{number}]: where the answer of a
// commit with create_pr leads.
func (h *Hub) pullPage(w http.ResponseWriter, c *call) error {
	if c.rev == "" {
		return h.pullsPage(w, c)
	}
	p, err := c.findPull(c.rev)
	if err != nil {
		return err
	}
	head, err := c.repo.Resolve("refs/" + store.Pulls + "/" + c.rev)
	if err != nil {
		return err
	}
	own, base, err := since(c.repo, head)
	if err != nil {
		return err
	}
	page := web.Pull{
		Inside:   h.inside(c, "pulls", p.Title+" in "+c.id.Name),
		Proposal: c.proposal(p), Files: pageAt(c.id, "tree", "refs/pr/"+c.rev, ""), Edits: c.edits(base, head),
	}
	for _, one := range own[:min(len(own), shownCommits)] {
		page.Changes = append(page.Changes, c.change(one))
	}
	return h.writePage(w, http.StatusOK, page)
}

// since walks from a pull request's head to the commit of the main branch that
// it is based on, nil if there is none, and lists the commits on the way.
func since(r *store.Repo, head *store.Commit) (own []*store.Commit, base *store.Commit, err error) {
	main, ok := r.Ref(store.Heads, store.DefaultBranch)
	if !ok {
		return nil, nil, noRevision(store.DefaultBranch)
	}
	inMain := map[string]bool{}
	for id := main; id != ""; {
		one, err := r.Header(id)
		if err != nil {
			return nil, nil, err
		}
		inMain[id], id = true, one.Parent
	}
	id := head.ID
	for id != "" && !inMain[id] {
		one, err := r.Header(id)
		if err != nil {
			return nil, nil, err
		}
		own, id = append(own, one), one.Parent
	}
	if id == "" {
		return own, nil, nil
	}
	base, err = r.Commit(id)
	return own, base, err
}

// pullsPage lists the pull requests, newest first.
func (h *Hub) pullsPage(w http.ResponseWriter, c *call) error {
	refs, err := c.repo.Refs(store.Pulls)
	if err != nil {
		return err
	}
	page := web.Pulls{Inside: h.inside(c, "pulls", "Pull requests to "+c.id.Name)}
	for _, f := range refs {
		if p, err := c.repo.Pull(f.Name); err == nil {
			page.Proposals = append(page.Proposals, c.proposal(p))
		}
	}
	slices.SortFunc(page.Proposals, func(a, b web.Proposal) int { return b.Number - a.Number })
	return h.writePage(w, http.StatusOK, page)
}

func (c *call) proposal(p store.Pull) web.Proposal {
	return web.Proposal{
		Number: p.Num, Href: "/" + c.id.String() + "/discussions/" + strconv.Itoa(p.Num),
		Title: p.Title, Author: p.Author, Date: p.Created,
	}
}
