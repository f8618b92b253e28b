package localhub

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// treeEntry is wire.TreeEntry and what expand adds.
type treeEntry struct {
	wire.TreeEntry
	LastCommit *lastCommit `json:"lastCommit,omitempty"`

	commit string // that changed it last
}

type lastCommit struct {
	ID    string          `json:"id"`
	Title string          `json:"title"`
	Date  json.RawMessage `json:"date"`
}

// expandedPage is the most entries of a page with expand, whatever the limit.
const expandedPage = 50

// listTree answers GET /api/models/{repo}/tree/{rev}[/{dir}].
func (h *Hub) listTree(w http.ResponseWriter, c *call) error {
	at, err := c.commit()
	if err != nil {
		return err
	}
	q := c.URL.Query()
	entries := listFiles(at, c.path, isSet(q.Get("recursive")))
	if len(entries) == 0 && c.path != "" {
		return noEntry(fmt.Sprintf("%s does not exist on %q", c.path, c.rev))
	}
	size := h.opts.PageSize
	expand := isSet(q.Get("expand"))
	if expand {
		size = min(size, expandedPage)
	}
	// The next page is of this commit, even if the branch moves meanwhile.
	dir := "/api/" + c.id.Type.Plural() + "/" + c.id.Name + "/tree/" + at.ID
	if c.path != "" {
		dir += "/" + (&url.URL{Path: c.path}).EscapedPath()
	}
	entries = page(w, c, dir, entries, size)
	h.addXetHashes(entries)
	if expand {
		if err := expandEntries(c.repo, entries); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, entries)
	return nil
}

// list is what lies in a folder: folders first, or with recursive all below
// it, each folder before what it holds.
func listFiles(c *store.Commit, dir string, recursive bool) []treeEntry {
	entries := []treeEntry{}
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	last := "" // folder that was listed last
	for _, f := range c.Under(dir) {
		rest := f.Path[len(prefix):]
		for i := 0; i < len(rest); i++ {
			if rest[i] != '/' {
				continue
			}
			if sub := prefix + rest[:i]; !strings.HasPrefix(last+"/", sub+"/") {
				entries = append(entries, folderEntry(c, sub))
				last = sub
			}
			if !recursive {
				break
			}
		}
		if recursive || !strings.Contains(rest, "/") {
			entries = append(entries, entryOf(f))
		}
	}
	if !recursive {
		slices.SortStableFunc(entries, func(a, b treeEntry) int { return strings.Compare(a.Type, b.Type) }) // "directory" < "file"
	}
	return entries
}

func folderEntry(c *store.Commit, dir string) treeEntry {
	return treeEntry{TreeEntry: wire.TreeEntry{Type: "directory", OID: c.TreeID(dir), Path: dir}, commit: c.ID}
}

func entryOf(f store.File) treeEntry {
	e := treeEntry{TreeEntry: wire.TreeEntry{Type: "file", OID: f.OID, Size: f.Size, Path: f.Path}, commit: f.Commit}
	if f.LFS != "" {
		e.LFS = &wire.LFSInfo{OID: f.LFS, Size: f.Size, PointerSize: int64(len(wire.LFSPointer(f.LFS, f.Size)))}
	}
	return e
}

// expandEntries adds who changed the entries last. A folder was changed by the
// commit that is asked about, as far as we tell.
func expandEntries(r *store.Repo, entries []treeEntry) error {
	for i := range entries {
		c, err := r.Header(entries[i].commit)
		if err != nil {
			return err
		}
		entries[i].LastCommit = &lastCommit{c.ID, c.Title, jsonTime(c.Date)}
	}
	return nil
}

// What one request may ask about: the Python client asks for 500 at a time.
const (
	maxPaths     = 1000
	maxPathsBody = 1 << 20
)

// pathsInfo answers POST /api/models/{repo}/paths-info/{rev}. The Python
// client sends a form, huggingface.js JSON. Paths that are not there are left
// out.
func (h *Hub) pathsInfo(w http.ResponseWriter, c *call) error {
	var req struct {
		Paths  []string `json:"paths"`
		Expand bool     `json:"expand"`
	}
	kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if kind == "application/x-www-form-urlencoded" {
		form, err := h.readForm(c, maxPathsBody)
		if err != nil {
			return err
		}
		req.Paths, req.Expand = form["paths"], isSet(form.Get("expand"))
	} else if err := h.readJSON(c, maxPathsBody, &req); err != nil {
		return err
	}
	if len(req.Paths) > maxPaths {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("At most %d paths can be asked about at once", maxPaths)}
	}
	at, err := c.commit()
	if err != nil {
		return err
	}
	entries := []treeEntry{}
	for _, p := range req.Paths {
		p = strings.Trim(p, "/")
		if f, ok := at.Find(p); ok {
			entries = append(entries, entryOf(f))
		} else if p != "" && len(at.Under(p)) > 0 {
			entries = append(entries, folderEntry(at, p))
		}
	}
	h.addXetHashes(entries)
	if req.Expand {
		if err := expandEntries(c.repo, entries); err != nil {
			return err
		}
	}
	writeJSON(w, http.StatusOK, entries)
	return nil
}

// page cuts one page out of all and sets the Link to the next. The query says
// where it starts (cursor) and may ask for fewer than size entries (limit).
// path is the address of the next page.
func page[E any](w http.ResponseWriter, c *call, path string, all []E, size int) []E {
	q := c.URL.Query()
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		size = min(size, n)
	}
	start := cursor(c, len(all))
	end := min(start+size, len(all))
	if end < len(all) {
		q.Set("cursor", strconv.Itoa(end))
		w.Header().Set("Link", fmt.Sprintf("<%s%s?%s>; rel=\"next\"", c.origin(), path, q.Encode()))
	}
	return all[start:end]
}

// jsonTime is how the Hub writes a moment: older Python clients read no other.
func jsonTime(t time.Time) json.RawMessage {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z"`)
}

// addXetHashes names the large files in the way of the Xet protocol.
func (h *Hub) addXetHashes(entries []treeEntry) {
	for i := range entries {
		if e := &entries[i]; e.LFS != nil {
			if known, ok := h.xetFile(e.LFS.OID); ok {
				e.XetHash = known.Hash.String()
			}
		}
	}
}
