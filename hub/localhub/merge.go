package localhub

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/localhub/store"
)

// mergePull answers POST /api/models/{repo}/discussions/{number}/merge: what the
// pull request changed since it left the main branch is done there, unless the
// main branch changed the same files otherwise.
func (h *Hub) mergePull(w http.ResponseWriter, c *call) error {
	if err := h.authorize(c.token, c.repo, toWrite); err != nil {
		return err
	}
	var req struct {
		Comment string `json:"comment"`
	}
	if c.ContentLength != 0 {
		if err := h.readJSON(c, maxMessage, &req); err != nil {
			return err
		}
	}
	return c.repo.Locked(c.Context(), func() error {
		p, err := c.findPull(c.rev)
		if err != nil {
			return err
		}
		if p.Status != store.PullOpen {
			return conflict("This pull request is %s", p.Status)
		}
		merged, err := h.merge(c, p, req.Comment)
		if err != nil {
			return err
		}
		p.Status, p.Merge = store.PullMerged, merged.ID
		// First the commit: a pull request that looks open can be merged again, to
		// no effect; one that looks merged and is not would be lost.
		if err := c.repo.MoveRef(store.Ref{Kind: store.Heads, Name: store.DefaultBranch}, merged); err != nil {
			return err
		}
		if err := c.repo.PutPull(p); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]any{"newStatus": h.event(c, "status-change", map[string]string{"status": store.PullMerged})})
		return nil
	})
}

// merge makes the commit that brings a pull request to the main branch.
func (h *Hub) merge(c *call, p store.Pull, comment string) (*store.Commit, error) {
	head, err := c.repo.Resolve("refs/pr/" + strconv.Itoa(p.Num))
	if err != nil {
		return nil, err
	}
	main, err := c.repo.Resolve(store.DefaultBranch)
	if err != nil {
		return nil, err
	}
	_, base, err := since(c.repo, head)
	if err != nil {
		return nil, err
	}
	var from []store.File
	if base != nil {
		from = base.Files()
	}
	files, conflicts := mergeFiles(from, main.Files(), head.Files())
	if len(conflicts) > 0 {
		return nil, conflict("This pull request has conflicts with %s in: %s", store.DefaultBranch, strings.Join(conflicts[:min(len(conflicts), 10)], ", "))
	}
	if err := checkNames(files); err != nil {
		return nil, err
	}
	return store.NewCommit(store.Commit{
		Parent: main.ID, Author: c.token.User, Date: h.opts.Now(),
		Title: fmt.Sprintf("%s (#%d)", p.Title, p.Num), Message: strings.TrimSpace(comment),
	}, files), nil
}

// mergeFiles does to ours what turned base into theirs. Files that both changed,
// and not to the same content, are conflicts.
func mergeFiles(base, ours, theirs []store.File) (files []store.File, conflicts []string) {
	byPath := func(list []store.File) map[string]store.File {
		m := make(map[string]store.File, len(list))
		for _, f := range list {
			m[f.Path] = f
		}
		return m
	}
	was, is, wanted := byPath(base), byPath(ours), byPath(theirs)
	change := func(path string) {
		from, to, now := was[path].OID, wanted[path].OID, is[path].OID
		switch {
		case from == to || now == to:
		case now != from:
			conflicts = append(conflicts, path)
		case to == "":
			delete(is, path)
		default:
			f := wanted[path]
			f.Commit = "" // the merge's own
			is[path] = f
		}
	}
	for path := range was {
		change(path)
	}
	for path := range wanted {
		if _, seen := was[path]; !seen {
			change(path)
		}
	}
	for _, f := range is {
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(conflicts)
	return files, conflicts
}

// changePull answers POST …/discussions/{number}/status and …/title.
func (h *Hub) changePull(w http.ResponseWriter, c *call) error {
	if !c.ownsPull("refs/pr/" + c.rev) {
		if err := h.authorize(c.token, c.repo, toWrite); err != nil {
			return err
		}
	}
	var req struct{ Status, Title string }
	if err := h.readJSON(c, maxMessage, &req); err != nil {
		return err
	}
	return c.repo.Locked(c.Context(), func() error {
		p, err := c.findPull(c.rev)
		if err != nil {
			return err
		}
		answer := map[string]any{}
		switch {
		case c.path == "title" && strings.TrimSpace(req.Title) == "":
			return badRequest("\"title\" can not be empty")
		case c.path == "title":
			answer["newTitle"] = h.event(c, "title-change", map[string]string{"from": p.Title, "to": req.Title})
			p.Title = req.Title
		case req.Status != store.PullOpen && req.Status != store.PullClosed:
			return badRequest("\"status\" must be \"open\" or \"closed\"")
		case p.Status == store.PullMerged:
			return conflict("This pull request is merged")
		default:
			answer["newStatus"] = h.event(c, "status-change", map[string]string{"status": req.Status})
			p.Status = req.Status
		}
		if err := c.repo.PutPull(p); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, answer)
		return nil
	})
}

// event is something that happened to a pull request, as the API tells it.
func (h *Hub) event(c *call, kind string, data any) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("%024x", h.serial.Load()), "type": kind, "data": data,
		"author": map[string]string{"name": c.token.User}, "createdAt": jsonTime(h.opts.Now().Truncate(time.Second)),
	}
}

// openPull answers POST /api/models/{repo}/discussions: the Python client's
// way to a pull request of many commits.
func (h *Hub) openPull(w http.ResponseWriter, c *call) error {
	var req struct {
		Title       string `json:"title"`
		PullRequest bool   `json:"pullRequest"`
	}
	switch {
	case c.rev != "" && c.path == "merge":
		return h.mergePull(w, c)
	case c.rev != "" && (c.path == "status" || c.path == "title"):
		return h.changePull(w, c)
	case c.rev != "":
		return badRequest("This hub can not %s pull requests: look at them, close them or merge them", cmp.Or(c.path, "change"))
	}
	if err := h.readJSON(c, maxMessage, &req); err != nil {
		return err
	}
	if !req.PullRequest {
		return badRequest("This hub has pull requests but no discussions")
	}
	return c.repo.Locked(c.Context(), func() error {
		base, err := c.repo.Resolve(store.DefaultBranch)
		if err != nil {
			return err
		}
		p, err := h.newPull(c, req.Title)
		if err != nil {
			return err
		}
		if err := c.repo.SetRef(store.Pulls, strconv.Itoa(p.Num), base.ID); err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, c.describePull(p))
		return nil
	})
}
