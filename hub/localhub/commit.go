package localhub

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// commitMeta is what a commit says about itself.
type commitMeta struct {
	title, message string
	date           time.Time
}

// postCommit answers POST /api/models/{repo}/commit/{rev}.
func (h *Hub) postCommit(w http.ResponseWriter, c *call) error {
	pull := isSet(c.URL.Query().Get("create_pr"))
	if !pull {
		if err := h.mayCommit(c); err != nil {
			return err
		}
	}
	if _, err := c.repo.Writable(cmp.Or(c.rev, store.DefaultBranch)); err != nil {
		return err
	}
	// First all of it comes, so that slow clients take no memory.
	sent, err := h.receive(c.Body, maxCommit)
	if err != nil {
		return err
	}
	defer sent.Close()
	maxLine := int(h.opts.LFSThreshold)*4/3 + 64<<10
	var changes []change
	header, err := parseCommit(sent, maxLine, h.reserve(c.Context(), int64(maxLine)*lineCost), func(ch change) error {
		changes = append(changes, ch)
		if ch.kind == putFile && ch.path == "README.md" {
			if err := checkCard(ch.content); err != nil {
				return err
			}
		}
		return h.prepare(c.repo, &changes[len(changes)-1])
	})
	if err != nil {
		return err
	}
	if strings.TrimSpace(header.Summary) == "" {
		return badRequest("\"summary\" of a commit's header can not be empty")
	}
	done, number, err := h.apply(c.Context(), c, header, changes, pull)
	if err != nil {
		return err
	}
	page := c.origin() + "/" + c.id.String()
	answer := wire.CommitResponse{Success: true, CommitOID: done, CommitURL: page + "/commit/" + done}
	if pull {
		answer.PullRequestURL = page + "/discussions/" + number
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// isSet reads a yes/no query parameter as the Hub does.
func isSet(s string) bool { return s != "" && s != "0" && !strings.EqualFold(s, "false") }

// prepare checks and stores what a change brings along, so that it need not be
// kept in memory until the commit is made.
func (h *Hub) prepare(r *store.Repo, c *change) error {
	if err := wire.CheckPath(c.path); err != nil {
		return badRequest("Invalid path: %q", c.path)
	}
	switch c.kind {
	case putFile:
		if int64(len(c.content)) > h.opts.LFSThreshold {
			return badRequest("%q is larger than %d bytes: send it through LFS", c.path, h.opts.LFSThreshold)
		}
		oid, err := r.PutBlob(c.content)
		if err != nil {
			return err
		}
		c.oid, c.size, c.content = oid, int64(len(c.content)), nil
	case putLFS:
		if c.path == "README.md" {
			return badRequest("README.md can not be a large file: the Hub must be able to read it")
		}
	}
	return nil
}

// apply makes the commit, on the branch or as a new pull request, and returns
// its id and the pull request's number.
func (h *Hub) apply(ctx context.Context, c *call, header wire.CommitHeader, changes []change, pull bool) (id, number string, err error) {
	unlock, err := c.repo.Lock(ctx)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	target, err := c.repo.Writable(cmp.Or(c.rev, store.DefaultBranch))
	if err != nil {
		return "", "", err
	}
	base := target.Commit
	if p := header.ParentCommit; p != "" && pull {
		parent, err := c.repo.Resolve(p)
		if err != nil {
			return "", "", err
		}
		base = parent.ID
	} else if p != "" && (len(p) < 7 || !strings.HasPrefix(base, p)) {
		return "", "", errConflict
	}
	parent, err := c.repo.Commit(base)
	if err != nil {
		return "", "", err
	}
	release, err := h.store.KeepObjects(ctx)
	if err != nil {
		return "", "", err
	}
	defer release()
	if err := h.checkObjects(c.token, c.repo, changes); err != nil {
		return "", "", err
	}
	meta := commitMeta{strings.TrimSpace(header.Summary), strings.TrimSpace(header.Description), h.opts.Now()}
	next, err := h.snapshot(c.repo, parent, c.token.User, meta, changes)
	if err != nil {
		return "", "", err
	}
	if pull {
		p, err := h.newPull(c, meta.title)
		if err != nil {
			return "", "", err
		}
		number = strconv.Itoa(p.Num)
		target = store.Ref{Kind: store.Pulls, Name: number}
	} else if next == parent {
		return next.ID, "", nil
	}
	return next.ID, number, h.publishCommit(c.repo, c.token.User, target, next, changes)
}

// publishCommit writes a commit and moves the ref to it.
func (h *Hub) publishCommit(r *store.Repo, user string, target store.Ref, c *store.Commit, changes []change) error {
	for _, ch := range changes {
		if ch.kind == putLFS {
			if err := r.MarkCommitted(ch.lfs, user); err != nil {
				return err
			}
		}
	}
	return r.MoveRef(target, c)
}

// checkObjects sees to it that the objects of a commit are there, as large as
// it says, and known to the user.
func (h *Hub) checkObjects(t *Token, r *store.Repo, changes []change) error {
	for i := range changes {
		c := &changes[i]
		if c.kind != putLFS {
			continue
		}
		size, there := h.objectSize(c.lfs)
		if !there || !h.knows(t, r, c.lfs) {
			return badRequest("LFS pointer of %q points to a file that does not exist: upload object %s first", c.path, c.lfs)
		}
		if c.size != 0 && c.size != size {
			return badRequest("%q: object %s has %d bytes, not %d", c.path, c.lfs, size, c.size)
		}
		c.size = size
		c.oid = store.BlobID([]byte(wire.LFSPointer(c.lfs, size)))
	}
	return nil
}

// snapshot makes the commit that changes lead to from parent, which is nil for
// a repo's first. It returns parent itself if nothing changes.
func (h *Hub) snapshot(r *store.Repo, parent *store.Commit, author string, meta commitMeta, changes []change) (*store.Commit, error) {
	files := map[string]store.File{}
	next := store.Commit{Author: author, Title: meta.title, Message: meta.message, Date: meta.date}
	if parent != nil {
		next.Parent = parent.ID
		for _, f := range parent.Files() {
			files[f.Path] = f
		}
	}
	for _, c := range changes {
		if err := applyChange(r, parent, files, c); err != nil {
			return nil, err
		}
	}
	list := make([]store.File, 0, len(files))
	for _, f := range files {
		list = append(list, f)
	}
	slices.SortFunc(list, func(a, b store.File) int { return strings.Compare(a.Path, b.Path) })
	if err := checkNames(list); err != nil {
		return nil, err
	}
	if parent != nil && slices.Equal(list, parent.Files()) {
		return parent, nil
	}
	return store.NewCommit(next, list), nil
}

// applyChange does one change to files.
func applyChange(r *store.Repo, parent *store.Commit, files map[string]store.File, c change) error {
	put := func(f store.File) {
		if old, ok := files[c.path]; !ok || old.OID != f.OID || old.LFS != f.LFS {
			files[c.path] = f
		}
	}
	switch c.kind {
	case putFile, putLFS:
		put(store.File{Path: c.path, OID: c.oid, Size: c.size, LFS: c.lfs})
	case deleteFile, deleteFolder: // whichever it says, what is there goes
		if _, ok := files[c.path]; ok && c.kind == deleteFile {
			delete(files, c.path)
			return nil
		}
		found := false
		for p := range files {
			if strings.HasPrefix(p, c.path+"/") {
				delete(files, p)
				found = true
			}
		}
		if !found {
			return noEntry(map[kind]string{deleteFile: "A file", deleteFolder: "A folder"}[c.kind] + " with this name doesn't exist: " + c.path)
		}
	case copyFile:
		source := parent
		if c.fromRev != "" {
			var err error
			if source, err = r.Resolve(c.fromRev); err != nil {
				return err
			}
		}
		f, ok := source.Find(c.fromPath)
		if !ok {
			return noEntry("A file with this name doesn't exist: " + c.fromPath)
		}
		put(store.File{Path: c.path, OID: f.OID, Size: f.Size, LFS: f.LFS})
	}
	return nil
}

// checkNames refuses a file where a directory is. Names that differ by case
// only are for git, and for most disks, different names.
func checkNames(files []store.File) error {
	for i, f := range files[:max(len(files)-1, 0)] {
		// What is sorted between a file and what lies below it begins so, too.
		for _, next := range files[i+1:] {
			if !strings.HasPrefix(next.Path, f.Path) {
				break
			}
			if next.Path[len(f.Path)] == '/' {
				return badRequest("%q can not be both a file and a folder", f.Path)
			}
		}
	}
	return nil
}

// validateYAML answers POST /api/validate-yaml.
func (h *Hub) validateYAML(w http.ResponseWriter, c *call) error {
	var req struct {
		Content string `json:"content"`
	}
	if err := h.readJSON(c, h.opts.LFSThreshold*2, &req); err != nil {
		return err
	}
	answer := wire.YAMLVerdict{Errors: []wire.YAMLMessage{}, Warnings: []wire.YAMLMessage{}}
	var errs, warnings []string
	err := h.withMemory(c.Context(), int64(len(req.Content))*cardCost, func() error {
		errs, warnings = cardProblems([]byte(req.Content))
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range errs {
		answer.Errors = append(answer.Errors, wire.YAMLMessage{Message: e})
	}
	for _, warning := range warnings {
		answer.Warnings = append(answer.Warnings, wire.YAMLMessage{Message: warning})
	}
	if len(errs) > 0 {
		return &apiError{Status: http.StatusBadRequest, Message: "Invalid metadata in README.md: " + errs[0], Body: answer}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
