package localhub

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"longcat/hub/localhub/store"
)

// refInfo is a ref as the API shows it.
type refInfo struct {
	Name         string `json:"name"`
	Ref          string `json:"ref"`
	TargetCommit string `json:"targetCommit"`
}

// listRefs answers GET /api/models/{repo}/refs.
func (h *Hub) listRefs(w http.ResponseWriter, c *call) error {
	kinds := map[string]string{store.Heads: "branches", store.Tags: "tags"}
	if isSet(c.URL.Query().Get("include_prs")) {
		kinds[store.Pulls] = "pullRequests"
	}
	answer := map[string][]refInfo{"converts": {}}
	for kind, key := range kinds {
		list, err := c.repo.Refs(kind)
		if err != nil {
			return err
		}
		answer[key] = []refInfo{}
		for _, f := range list {
			name := f.Name
			if kind == store.Pulls {
				name = f.Full()
			}
			answer[key] = append(answer[key], refInfo{name, f.Full(), f.Commit})
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// createBranch answers POST /api/models/{repo}/branch/{name}.
func (h *Hub) createBranch(w http.ResponseWriter, c *call) error {
	var req struct {
		StartingPoint string `json:"startingPoint"`
		EmptyBranch   bool   `json:"emptyBranch"`
		Overwrite     bool   `json:"overwrite"`
	}
	if c.ContentLength != 0 {
		if err := h.readJSON(c, maxJSON, &req); err != nil {
			return err
		}
	}
	return c.repo.Locked(c.Context(), func() error {
		start, err := c.repo.Resolve(cmp.Or(req.StartingPoint, store.DefaultBranch))
		if err != nil {
			return err
		}
		if req.EmptyBranch {
			start = store.NewCommit(store.Commit{Author: c.token.User, Title: "Create empty branch", Date: h.opts.Now()}, []store.File{})
			if err := c.repo.SaveCommit(start); err != nil {
				return err
			}
		}
		return c.addRef(w, store.Ref{Kind: store.Heads, Name: c.target(), Commit: start.ID}, req.Overwrite)
	})
}

func (c *call) addRef(w http.ResponseWriter, f store.Ref, overwrite bool) error {
	if err := store.CheckRefName(f.Name); err != nil {
		return err
	}
	if strings.HasPrefix(f.Name, "refs/") || store.IsCommitID(f.Name) {
		return badRequest("Invalid ref name: %q", f.Name)
	}
	if _, ok := c.repo.Ref(f.Kind, f.Name); ok && !overwrite {
		return conflict("Reference %s already exists", f.Full())
	}
	if err := c.repo.SetRef(f.Kind, f.Name, f.Commit); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// deleteBranch answers DELETE /api/models/{repo}/branch/{name}.
func (h *Hub) deleteBranch(w http.ResponseWriter, c *call) error {
	if c.target() == store.DefaultBranch {
		return forbidden("The %s branch can not be deleted", store.DefaultBranch)
	}
	return c.dropRef(w, store.Heads)
}

// deleteTag answers DELETE /api/models/{repo}/tag/{name}.
func (h *Hub) deleteTag(w http.ResponseWriter, c *call) error { return c.dropRef(w, store.Tags) }

func (c *call) dropRef(w http.ResponseWriter, kind string) error {
	return c.repo.Locked(c.Context(), func() error {
		if _, ok := c.repo.Ref(kind, c.target()); !ok {
			return noRevision(c.target())
		}
		if err := c.repo.DeleteRef(kind, c.target()); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}

// createTag answers POST /api/models/{repo}/tag/{rev}.
func (h *Hub) createTag(w http.ResponseWriter, c *call) error {
	var req struct {
		Tag string `json:"tag"`
	}
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	return c.repo.Locked(c.Context(), func() error {
		at, err := c.repo.Resolve(cmp.Or(c.target(), store.DefaultBranch))
		if err != nil {
			return err
		}
		return c.addRef(w, store.Ref{Kind: store.Tags, Name: req.Tag, Commit: at.ID}, false)
	})
}

// commitInfo is a commit as the API shows it.
type commitInfo struct {
	ID      string          `json:"id"`
	Title   string          `json:"title"`
	Message string          `json:"message"`
	Authors []authorInfo    `json:"authors"`
	Date    json.RawMessage `json:"date"`

	Formatted *formatted `json:"formatted,omitempty"`
}

// formatted is a commit's message as HTML, which some clients ask for.
type formatted struct {
	Title   string `json:"title"`
	Message string `json:"message"`
}

type authorInfo struct {
	User string `json:"user"`
}

// listCommits answers GET /api/models/{repo}/commits/{rev}, newest first.
func (h *Hub) listCommits(w http.ResponseWriter, c *call) error {
	at, err := c.commit()
	if err != nil {
		return err
	}
	list := []commitInfo{}
	for id := at.ID; id != ""; {
		one, err := c.repo.Header(id)
		if err != nil {
			return err
		}
		list = append(list, commitInfo{ID: one.ID, Title: one.Title, Message: one.Message, Authors: []authorInfo{{one.Author}}, Date: jsonTime(one.Date)})
		id = one.Parent
	}
	w.Header().Set("X-Total-Count", strconv.Itoa(len(list)))
	next := "/api/" + c.id.Type.Plural() + "/" + c.id.Name + "/commits/" + at.ID
	list = page(w, c, next, list, h.opts.PageSize)
	if q := c.URL.Query(); slices.Contains(append(q["expand[]"], q["expand"]...), "formatted") {
		for i := range list {
			list[i].Formatted = &formatted{html.EscapeString(list[i].Title), html.EscapeString(list[i].Message)}
		}
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// superSquash answers POST /api/models/{repo}/super-squash/{branch}: the
// branch gets one commit with the files it has now.
func (h *Hub) superSquash(w http.ResponseWriter, c *call) error {
	var req struct {
		Message string `json:"message"`
	}
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	title, message, _ := strings.Cut(cmp.Or(strings.TrimSpace(req.Message), "Super-squash branch"), "\n")
	squashed := store.Commit{Author: c.token.User, Title: title, Message: strings.TrimSpace(message), Date: h.opts.Now()}
	return c.repo.Locked(c.Context(), func() error {
		target, err := c.repo.Writable(c.target())
		if err != nil {
			return err
		}
		at, err := c.repo.Commit(target.Commit)
		if err != nil {
			return err
		}
		files := slices.Clone(at.Files())
		for i := range files {
			files[i].Commit = ""
		}
		if err := c.repo.MoveRef(target, store.NewCommit(squashed, files)); err != nil {
			return err
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
}
