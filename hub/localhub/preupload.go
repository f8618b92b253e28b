package localhub

import (
	"bytes"
	"cmp"
	"net/http"

	"longcat/hub/internal/wire"
	"longcat/internal/gitmatch"
	"longcat/internal/limits"
)

// binarySize is the size in bytes from which a file that is not text is large.
const binarySize = 100 << 10

// preupload answers POST /api/models/{repo}/preupload/{rev}.
func (h *Hub) preupload(w http.ResponseWriter, c *call) error {
	if !isSet(c.URL.Query().Get("create_pr")) {
		if err := h.mayCommit(c); err != nil {
			return err
		}
	}
	var req struct {
		wire.PreuploadRequest
		GitAttributes *string `json:"gitAttributes"` // huggingface.js
	}
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	if len(req.Files) > wire.MaxPreuploadFiles {
		return badRequest("At most %d files can be asked about at once", wire.MaxPreuploadFiles)
	}
	at, err := c.commit()
	if err != nil {
		return err
	}
	attributes := gitmatch.ParseAttributes(given(req.GitAttributes, c.repo.ReadFile(at, ".gitattributes", limits.Config)))
	ignore := gitmatch.Ignore{}.With("", given(req.GitIgnore, c.repo.ReadFile(at, ".gitignore", limits.Config)))
	answer := wire.PreuploadResponse{CommitOID: at.ID, Files: []wire.PreuploadAnswer{}}
	for _, f := range req.Files {
		if wire.CheckPath(f.Path) != nil || f.Size < 0 {
			return badRequest("Invalid path or size: %q", f.Path)
		}
		a := wire.PreuploadAnswer{Path: f.Path, UploadMode: wire.UploadRegular, ShouldIgnore: ignore.MatchFile(f.Path)}
		if h.large(attributes, f.Path, f.Size, f.Sample) {
			a.UploadMode = wire.UploadLFS
		}
		if old, ok := at.Find(f.Path); ok {
			a.OID = cmp.Or(old.LFS, old.OID)
		}
		answer.Files = append(answer.Files, a)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// given is the text that a request brings, else the repo's own.
func given(text *string, stored []byte) []byte {
	if text != nil {
		return []byte(*text)
	}
	return stored
}

// large decides whether a file goes through LFS. sample is how it begins.
func (h *Hub) large(a gitmatch.Attributes, path string, size int64, sample []byte) bool {
	if size == 0 || path == "README.md" && size < h.opts.LFSThreshold {
		return false
	}
	return size >= h.opts.LFSThreshold || a.Value(path, "filter") == "lfs" ||
		(size >= binarySize && bytes.IndexByte(sample, 0) >= 0)
}

// mayCommit checks that the caller may commit to the revision: to a branch of
// a repo of theirs, or to a pull request that they opened.
func (h *Hub) mayCommit(c *call) error {
	if c.ownsPull(c.rev) {
		return nil
	}
	return h.authorize(c.token, c.repo, toWrite)
}
