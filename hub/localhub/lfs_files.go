package localhub

import (
	"encoding/json"
	"net/http"
	"os"

	"longcat/hub/localhub/store"
)

// lfsFile is a large file of a repo's commits as the API shows it.
type lfsFile struct {
	FileOID  string          `json:"fileOid"`
	OID      string          `json:"oid"`
	Filename string          `json:"filename"` // a path that it has on the main branch; "" for none
	Size     int64           `json:"size"`
	PushedAt json.RawMessage `json:"pushedAt"`
	Ref      *string         `json:"ref"`
}

// lfsFiles answers GET /api/models/{repo}/lfs-files.
func (h *Hub) lfsFiles(w http.ResponseWriter, c *call) error {
	if c.rev != "" {
		return errNoRoute
	}
	ids, err := c.repo.ObjectIDs()
	if err != nil {
		return err
	}
	at, err := c.repo.Resolve(store.DefaultBranch)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, f := range at.Files() {
		if f.LFS != "" {
			names[f.LFS] = f.Path
		}
	}
	list := []lfsFile{}
	for _, id := range page(w, c, c.URL.Path, ids, h.opts.PageSize) {
		size, _ := h.objectSize(id)
		f := lfsFile{FileOID: id, OID: id, Filename: names[id], Size: size, PushedAt: jsonTime(c.repo.Created)}
		if fi, err := os.Stat(c.repo.Path("lfs", id)); err == nil {
			f.PushedAt = jsonTime(fi.ModTime())
		}
		if _, on := names[id]; on {
			branch := "refs/heads/" + store.DefaultBranch
			f.Ref = &branch
		}
		list = append(list, f)
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

// copyLFSFiles answers POST /api/models/{repo}/lfs-files/duplicate: large files
// of this repo are made known to another one, so that a commit there may have
// them.
func (h *Hub) copyLFSFiles(w http.ResponseWriter, c *call) error {
	if c.rev != "duplicate" {
		return badRequest("This hub can not delete large files from a repo's history: super-squash the branches, and what no commit has is removed")
	}
	if c.token == nil {
		return errAnonymous
	}
	var req struct {
		Target struct{ Type, Name string } `json:"target"`
		Files  []struct {
			SHA256 string `json:"sha256"`
		} `json:"files"`
	}
	if err := h.readJSON(c, maxPathsBody, &req); err != nil {
		return err
	}
	if len(req.Files) > maxBatch {
		return badRequest("At most %d files can be copied at once", maxBatch)
	}
	id, err := h.repoID(c.token, req.Target.Type, "", req.Target.Name)
	if err != nil {
		return err
	}
	target, _ := h.store.Find(id)
	if err := h.authorize(c.token, target, toPropose); err != nil {
		return err
	}
	release, err := h.store.KeepObjects(c.Context())
	if err != nil {
		return err
	}
	defer release()
	type outcome struct {
		SHA256 string `json:"sha256"`
		Error  string `json:"error,omitempty"`
	}
	answer := map[string][]outcome{"success": {}, "failed": {}}
	for _, f := range req.Files {
		if !store.IsSHA256(f.SHA256) || !c.repo.HasObject(f.SHA256) {
			answer["failed"] = append(answer["failed"], outcome{f.SHA256, "not in " + c.id.Name})
			continue
		}
		if err := target.MarkPending(f.SHA256, c.token.User); err != nil {
			return err
		}
		answer["success"] = append(answer["success"], outcome{SHA256: f.SHA256})
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
