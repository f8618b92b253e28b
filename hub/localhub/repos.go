package localhub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"longcat/hub/wire"
)

// maxJSON bounds the bodies of requests that are not uploads.
const maxJSON = 4 << 20

// reserved can not be namespaces or repos without one: addresses start so.
var reserved = []string{"api", "models", "datasets", "spaces"}

// createRequest is wire.CreateRepo and the first files, which huggingface.js
// sends along.
type createRequest struct {
	wire.CreateRepo
	Files []wire.CommitFile `json:"files"`
}

// createRepo answers POST /api/repos/create.
func (h *Hub) createRepo(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	var req createRequest
	if err := readJSON(c.Request, maxJSON, &req); err != nil {
		return err
	}
	id, err := h.repoID(c.token, req.Type, req.Organization, req.Name)
	if err != nil {
		return err
	}
	if c.token.Role != Write || !h.member(c.token, id.namespace()) {
		return forbidden("You don't have the rights to create a %s under the namespace %q", id.Type, id.namespace())
	}
	settings := Settings{Private: req.Visibility == "private" || (req.Private != nil && *req.Private)}
	answer := wire.RepoURL{URL: c.origin() + "/" + id.String(), Name: id.Name, ID: id.Name}
	if err := h.create(id, c.token.User, settings, req.Files); err != nil {
		if asAPIError(err).Status != http.StatusConflict {
			return err
		}
		if r, _ := h.lookup(id); h.authorize(c.token, r, toSee) != nil {
			return err
		}
		answer.Error = asAPIError(err).Message
		return &apiError{Status: http.StatusConflict, Message: answer.Error, Body: answer}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// repoID makes an id of what create, delete and move requests say.
func (h *Hub) repoID(t *Token, kind, organization, name string) (RepoID, error) {
	id := RepoID{wire.RepoType(cmp.Or(kind, string(wire.Model))), name}
	if repoTypes[id.Type.Plural()] == "" {
		return id, badRequest("Invalid repo type: %q", kind)
	}
	if !strings.Contains(name, "/") {
		id.Name = cmp.Or(organization, t.User) + "/" + name
	}
	return id, checkNewName(id)
}

// checkNewName says why no repo may be called so.
func checkNewName(id RepoID) error {
	if err := wire.CheckRepoID(id.Name); err != nil {
		return badRequest("%v", err)
	}
	first, second, _ := strings.Cut(id.Name, "/")
	if slices.Contains(reserved, first) || (second != "" && verbs[second]) {
		return badRequest("%q can not be the name of a repo: it is a word of the Hub's addresses", id.Name)
	}
	return nil
}

// gitAttributes is what a new repo starts with: which files are large whatever
// their size. Source: the .gitattributes of repos on the Hub.
var gitAttributes = func() []byte {
	var b []byte
	for p := range strings.FieldsSeq(`
		*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gguf *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz
		*.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite
		*.tgz *.wasm *.xz *.zip *.zst *tfevents*`) {
		b = fmt.Appendf(b, "%s filter=lfs diff=lfs merge=lfs -text\n", p)
	}
	return b
}()

// create makes a repo with one commit on its default branch. The folder is
// built beside and renamed, so that there are no half-made repos.
func (h *Hub) create(id RepoID, user string, settings Settings, files []wire.CommitFile) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other := range h.repos { // some filesystems do not tell the cases apart
		if other.Type == id.Type && strings.EqualFold(other.Name, id.Name) {
			return conflict("You already created this %s repo", id.Type)
		}
	}
	r := &repo{id: id, store: h.store}
	if err := r.clear(); err != nil {
		return err
	}
	changes := []change{{kind: putFile, path: ".gitattributes", content: gitAttributes}}
	for _, f := range files {
		content, err := decodeContent(f.Content, f.Encoding)
		if err != nil {
			return err
		}
		changes = append(changes, change{kind: putFile, path: f.Path, content: content})
	}
	for i := range changes {
		if err := h.prepare(r, &changes[i]); err != nil {
			return err
		}
	}
	first, err := h.snapshot(r, nil, user, commitMeta{title: "initial commit", date: h.opts.Now()}, changes)
	if err != nil {
		return err
	}
	if err := r.moveRef(ref{Kind: heads, Name: defaultBranch}, first); err != nil {
		return err
	}
	if err := r.save(repoFile{settings, h.opts.Now().UTC().Truncate(time.Second)}); err != nil { // last: it makes the folder a repo
		return err
	}
	h.repos[id] = r
	return nil
}

// clear removes what a create that was killed left: a folder that has nothing
// but what a create writes, in its order (a cache of Hugging Face's has blobs
// and refs, too, but no commits).
func (r *repo) clear() error {
	entries, err := os.ReadDir(r.path())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		if !slices.Contains([]string{"blobs", "commits", "refs"}, e.Name()) || !exists(r.path("commits")) && e.Name() == "refs" {
			return conflict("A folder that is no repo of this hub is in the way of %q", r.id.Name)
		}
	}
	return os.RemoveAll(r.path())
}

// deleteRepo answers DELETE /api/repos/delete.
func (h *Hub) deleteRepo(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	var req wire.DeleteRepo
	if err := readJSON(c.Request, maxJSON, &req); err != nil {
		return err
	}
	id, err := h.repoID(c.token, req.Type, req.Organization, req.Name)
	if err != nil {
		return err
	}
	r, _ := h.lookup(id)
	if err := h.authorize(c.token, r, toWrite); err != nil {
		return err
	}
	if err := h.retire(r, r.bury, nil); err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(r.grave()), h.sweep()); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// moveRepo answers POST /api/repos/move.
func (h *Hub) moveRepo(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	var req struct{ FromRepo, ToRepo, Type string }
	if err := readJSON(c.Request, maxJSON, &req); err != nil {
		return err
	}
	from, err := h.repoID(c.token, req.Type, "", req.FromRepo)
	if err != nil {
		return err
	}
	to, err := h.repoID(c.token, req.Type, "", req.ToRepo)
	if err != nil {
		return err
	}
	r, _ := h.lookup(from)
	if err := h.authorize(c.token, r, toWrite); err != nil {
		return err
	}
	if !h.member(c.token, to.namespace()) {
		return forbidden("You don't have the rights to move a %s to the namespace %q", to.Type, to.namespace())
	}
	moved := &repo{id: to, store: h.store}
	moved.file.Store(r.file.Load())
	rename := func() error {
		if err := os.Rename(r.path(), moved.path()); err != nil {
			return err
		}
		return syncDir(h.store.path("repos"))
	}
	if err := h.retire(r, rename, moved); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.RepoURL{URL: c.origin() + "/" + to.String(), Name: to.Name, ID: to.Name})
	return nil
}

// retire takes r out of use, by what takes its folder away, and puts next, if
// there is one, in its place.
func (h *Hub) retire(r *repo, take func() error, next *repo) error {
	unlock, err := r.lock()
	if err != nil {
		return err
	}
	defer unlock()
	h.mu.Lock()
	defer h.mu.Unlock()
	if next != nil {
		if h.repos[next.id] != nil {
			return conflict("A repo named %s exists already", next.id.Name)
		}
		next.file.Store(r.file.Load()) // again, now that it can not change
	}
	if err := take(); err != nil {
		return err
	}
	r.gone = true
	h.store.commits.forget(r.id)
	delete(h.repos, r.id)
	if next != nil {
		h.repos[next.id] = next
	}
	return nil
}

// putSettings answers PUT /api/models/{repo}/settings.
func (h *Hub) putSettings(w http.ResponseWriter, c *call) error {
	var req struct {
		Private    *bool       `json:"private"`
		Visibility string      `json:"visibility"`
		Gated      *wire.Gated `json:"gated"`
	}
	if err := readJSON(c.Request, maxJSON, &req); err != nil {
		return err
	}
	if req.Gated != nil && !slices.Contains([]wire.Gated{"", "auto", "manual"}, *req.Gated) {
		return badRequest("\"gated\" must be false, \"auto\" or \"manual\"")
	}
	err := c.repo.update(func(s *Settings) {
		if req.Private != nil {
			s.Private = *req.Private
		}
		if req.Visibility != "" {
			s.Private = req.Visibility != "public"
		}
		if req.Gated != nil {
			s.Gated = *req.Gated
		}
	})
	if err != nil {
		return err
	}
	s := c.repo.Settings()
	writeJSON(w, http.StatusOK, map[string]any{"private": s.Private, "gated": s.Gated})
	return nil
}

// Configure changes a repo's settings.
func (h *Hub) Configure(id RepoID, change func(*Settings)) error {
	r, ok := h.lookup(id)
	if !ok {
		return fmt.Errorf("configuring %q: no such repo", id)
	}
	return r.update(change)
}

// authCheck answers GET /api/models/{repo}/auth-check, and …/auth-check/write.
func (h *Hub) authCheck(w http.ResponseWriter, c *call) error {
	if c.rev == "write" {
		if err := h.authorize(c.token, c.repo, toWrite); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
