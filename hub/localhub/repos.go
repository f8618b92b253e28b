package localhub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// maxJSON bounds the bodies of requests that are not uploads.
const maxJSON = 4 << 20

// reserved can not be namespaces or repos without one: addresses start so.
var reserved = []string{"api", "models", "datasets", "spaces"}

// createRequest is wire.CreateRepo and the first files, which huggingface.js
// sends along.
type createRequest struct {
	wire.CreateRepo
	Files   []wire.CommitFile `json:"files"`
	License string            `json:"license"`
	SDK     string            `json:"sdk"` // of a space
}

// withCard adds a README.md to the first files if the request says what is to
// stand in it and brings none.
func (req *createRequest) withCard(id RepoID) ([]wire.CommitFile, error) {
	for _, f := range req.Files {
		if f.Path == "README.md" {
			return req.Files, nil
		}
	}
	_, name, _ := strings.Cut(id.Name, "/")
	var front strings.Builder
	if id.Type == wire.Space && req.SDK != "" {
		if !slices.Contains([]string{"gradio", "docker", "static", "streamlit"}, req.SDK) {
			return nil, badRequest("Invalid value for \"sdk\": %q", req.SDK)
		}
		fmt.Fprintf(&front, "title: %q\nsdk: %s\npinned: false\n", name, req.SDK)
	}
	if req.License != "" {
		fmt.Fprintf(&front, "license: %q\n", req.License)
	}
	if front.Len() == 0 {
		return req.Files, nil
	}
	card := "---\n" + front.String() + "---\n"
	if err := checkCard([]byte(card)); err != nil {
		return nil, err
	}
	return append(req.Files, wire.CommitFile{Path: "README.md", Content: card, Encoding: "utf-8"}), nil
}

// createRepo answers POST /api/repos/create.
func (h *Hub) createRepo(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	var req createRequest
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	id, err := h.repoID(c.token, req.Type, req.Organization, req.Name)
	if err != nil {
		return err
	}
	if !c.token.mayWrite(id) || !h.member(c.token, id.Namespace()) || !h.writer(c.token, id.Namespace()) {
		return forbidden("You don't have the rights to create a %s under the namespace %q", id.Type, id.Namespace())
	}
	settings := Settings{Private: req.Visibility == "private" || (req.Private != nil && *req.Private)}
	if req.Visibility == "" && req.Private == nil {
		settings.Private = slices.Contains(h.opts.PrivateByDefault, id.Namespace())
	}
	answer := wire.RepoURL{URL: c.origin() + "/" + id.String(), Name: id.Name, ID: id.Name}
	// Who goes on with a name that a repo had must not make a second one.
	if there, _ := h.store.Find(id); h.authorize(c.token, there, toSee) == nil {
		answer.URL, answer.Name, answer.ID = c.origin()+"/"+there.ID.String(), there.ID.Name, there.ID.Name
		answer.Error = fmt.Sprintf("You already created this %s repo", id.Type)
		return &apiError{Status: http.StatusConflict, Message: answer.Error, Body: answer}
	}
	files, err := req.withCard(id)
	if err != nil {
		return err
	}
	if err := h.create(c.Context(), id, c.token.User, settings, files); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// repoID makes an id of what create, delete and move requests say.
func (h *Hub) repoID(t *Token, kind, organization, name string) (RepoID, error) {
	id := RepoID{Type: wire.RepoType(cmp.Or(kind, string(wire.Model))), Name: name}
	if store.RepoTypes[id.Type.Plural()] == "" {
		return id, badRequest("Invalid repo type: %q", kind)
	}
	if !strings.Contains(name, "/") {
		id.Name = cmp.Or(organization, t.User) + "/" + name
	}
	return id, h.checkNewName(id)
}

// checkNewName says why no repo may be called so.
func (h *Hub) checkNewName(id RepoID) error {
	if err := wire.CheckRepoID(id.Name); err != nil {
		return badRequest("%v", err)
	}
	first, second, _ := strings.Cut(id.Name, "/")
	if slices.Contains(reserved, first) {
		return badRequest("%q can not be the name of a repo: it is a word of the Hub's addresses", id.Name)
	}
	if _, err := h.store.Repo(RepoID{Type: id.Type, Name: first}); err == nil && second != "" {
		return badRequest("%q can not be the name of a repo: addresses of the repo %q begin so", id.Name, first)
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

// create makes a repo with one commit on its default branch.
func (h *Hub) create(ctx context.Context, id RepoID, user string, settings Settings, files []wire.CommitFile) error {
	r, err := h.store.Draft(id)
	if errors.Is(err, store.ErrExists) {
		return conflict("You already created this %s repo", id.Type)
	}
	if err != nil {
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
	if err := r.SaveCommit(first); err != nil {
		return err
	}
	err = r.UpdateRefs(func(refs map[string]string) {
		clear(refs) // of a draft that was left unfinished
		refs["refs/"+store.Heads+"/"+store.DefaultBranch] = first.ID
	})
	if err == nil {
		err = r.Finish(ctx, settings, h.opts.Now())
	}
	if errors.Is(err, store.ErrExists) { // somebody else was faster
		return conflict("You already created this %s repo", id.Type)
	}
	return err
}

// deleteRepo answers DELETE /api/repos/delete.
func (h *Hub) deleteRepo(w http.ResponseWriter, c *call) error {
	if c.token == nil {
		return errAnonymous
	}
	var req wire.DeleteRepo
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	id, err := h.repoID(c.token, req.Type, req.Organization, req.Name)
	if err != nil {
		return err
	}
	r, _ := h.lookup(id)
	if err := h.authorize(c.token, r, toDelete); err != nil {
		return err
	}
	if err := r.Delete(c.Context()); err != nil {
		return err
	}
	if err := h.collect(c.Context()); err != nil {
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
	if err := h.readJSON(c, maxJSON, &req); err != nil {
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
	if !h.member(c.token, to.Namespace()) || !h.writer(c.token, to.Namespace()) {
		return forbidden("You don't have the rights to move a %s to the namespace %q", to.Type, to.Namespace())
	}
	if from == to {
		return conflict("A repo named %s exists already", to.Name)
	}
	err = r.Move(c.Context(), to)
	if errors.Is(err, store.ErrExists) {
		return conflict("A repo named %s exists already", to.Name)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, wire.RepoURL{URL: c.origin() + "/" + to.String(), Name: to.Name, ID: to.Name})
	return nil
}

// putSettings answers PUT /api/models/{repo}/settings.
func (h *Hub) putSettings(w http.ResponseWriter, c *call) error {
	var req struct {
		Private    *bool       `json:"private"`
		Visibility string      `json:"visibility"`
		Gated      *wire.Gated `json:"gated"`
	}
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	if req.Gated != nil && !slices.Contains([]wire.Gated{"", "auto", "manual"}, *req.Gated) {
		return badRequest("\"gated\" must be false, \"auto\" or \"manual\"")
	}
	s, err := c.repo.Configure(c.Context(), func(s *Settings) {
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
	writeJSON(w, http.StatusOK, map[string]any{"private": s.Private, "gated": s.Gated})
	return nil
}

// Configure changes a repo's settings.
func (h *Hub) Configure(id RepoID, change func(*Settings)) error {
	r, err := h.store.Repo(id)
	if err != nil {
		return fmt.Errorf("configuring %q: %w", id, err)
	}
	_, err = r.Configure(context.Background(), change)
	return err
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
