package localhub

import (
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/localhub/store"
)

// findPull reads a pull request.
func (c *call) findPull(number string) (store.Pull, error) {
	p, err := c.repo.Pull(number)
	if errors.Is(err, fs.ErrNotExist) {
		return p, noEntry("Discussion not found")
	}
	return p, err
}

// newPull opens a pull request without its ref. The caller holds the lock.
func (h *Hub) newPull(c *call, title string) (store.Pull, error) {
	number, err := c.repo.NextPull()
	if err != nil {
		return store.Pull{}, err
	}
	p := store.Pull{Num: number, Title: title, Author: c.token.User, Created: h.opts.Now().UTC().Truncate(time.Second), Status: store.PullOpen}
	return p, c.repo.PutPull(p)
}

// ownsPull reports whether rev is a pull request that the caller opened.
func (c *call) ownsPull(rev string) bool {
	number, ok := strings.CutPrefix(rev, "refs/pr/")
	if !ok || c.token == nil {
		return false
	}
	p, err := c.repo.Pull(number)
	return err == nil && p.Author == c.token.User
}

// pullDetails answers GET /api/models/{repo}/discussions[/{number}].
func (h *Hub) pullDetails(w http.ResponseWriter, c *call) error {
	if c.rev != "" {
		p, err := c.findPull(c.rev)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, c.describePull(p))
		return nil
	}
	refs, err := c.repo.Refs(store.Pulls)
	if err != nil {
		return err
	}
	q := c.URL.Query()
	asked := func(key, is string) bool { v := q.Get(key); return v == "" || v == "all" || v == is }
	list := []map[string]any{}
	for _, f := range refs {
		if p, err := c.repo.Pull(f.Name); err == nil && asked("status", p.Status) && asked("type", "pull_request") && asked("author", p.Author) {
			list = append(list, c.describePull(p))
		}
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return b["num"].(int) - a["num"].(int) })
	writeJSON(w, http.StatusOK, map[string]any{"discussions": list, "count": len(list), "start": 0})
	return nil
}

// describePull is a pull request as the API shows it.
func (c *call) describePull(p store.Pull) map[string]any {
	changes := map[string]string{"base": "refs/heads/" + store.DefaultBranch}
	if p.Merge != "" {
		changes["mergeCommitId"] = p.Merge
	}
	return map[string]any{
		"num": p.Num, "title": p.Title, "status": p.Status, "isPullRequest": true, "pullRequest": true,
		"url":       c.origin() + "/" + c.id.String() + "/discussions/" + strconv.Itoa(p.Num),
		"author":    map[string]string{"name": p.Author},
		"createdAt": jsonTime(p.Created),
		"repo":      map[string]string{"name": c.id.Name, "type": string(c.id.Type)},
		"changes":   changes,
		"events":    []any{}, "filesWithConflicts": []any{}, "diff": "",
	}
}
