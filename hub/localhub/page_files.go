package localhub

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"longcat/hub/localhub/store"
	"longcat/hub/localhub/web"
)

// treeRows is how many entries a page of a folder has.
const treeRows = 500

// treePage answers GET /{repo}/tree/{rev}[/{dir}].
func (h *Hub) treePage(w http.ResponseWriter, c *call) error {
	at, err := c.commit()
	if err != nil {
		return err
	}
	rev := cmp.Or(c.rev, store.DefaultBranch)
	below := at.Under(c.path)
	if len(below) == 0 && c.path != "" {
		if _, ok := at.Find(c.path); ok {
			redirect(w, c, http.StatusFound, pageAt(c.id, "blob", rev, c.path))
			return nil
		}
		return noEntry(fmt.Sprintf("%s does not exist on %q", c.path, rev))
	}
	page := web.Tree{
		Inside: h.inside(c, "files", "Files of "+c.id.Name),
		Path:   c.crumbs(rev, c.path), Last: c.change(at), Files: len(below), Size: sizeOf(below),
	}
	if err := c.offerRevisions(&page.Inside, rev, func(rev string) string { return pageAt(c.id, "tree", rev, "") }); err != nil {
		return err
	}
	page.Path[len(page.Path)-1].Href = ""
	if c.path != "" {
		dir, _ := cutLast(c.path)
		page.Up = pageAt(c.id, "tree", rev, dir)
	}
	entries := listFiles(at, c.path, false)
	start := cursor(c, len(entries))
	end := min(start+treeRows, len(entries))
	if end < len(entries) {
		page.More = c.withQuery(map[string]string{"cursor": strconv.Itoa(end)})
	}
	changes := map[string]web.Change{}
	for _, e := range entries[start:end] {
		view, err := c.entry(at, rev, e, changes)
		if err != nil {
			return err
		}
		page.Entries = append(page.Entries, view)
	}
	return h.writePage(w, http.StatusOK, page)
}

// cutLast cuts the last element off a path: dir is "" if it is the only one.
func cutLast(p string) (dir, name string) {
	i := strings.LastIndexByte(p, '/')
	return p[:max(i, 0)], p[i+1:]
}

// crumbs are the folders from the root to dir, which may be "".
func (c *call) crumbs(rev, dir string) []web.Link {
	list := []web.Link{{Text: path.Base(c.id.Name), Href: pageAt(c.id, "tree", rev, "")}}
	for i, r := range dir + "/" {
		if r == '/' && i > 0 {
			_, name := cutLast(dir[:i])
			list = append(list, web.Link{Text: name, Href: pageAt(c.id, "tree", rev, dir[:i])})
		}
	}
	return list
}

// entry is a row of a folder. changes are the commits met so far.
func (c *call) entry(at *store.Commit, rev string, e treeEntry, changes map[string]web.Change) (web.Entry, error) {
	_, name := cutLast(e.Path)
	if e.Type == "directory" {
		below := at.Under(e.Path)
		return web.Entry{Name: name, Href: pageAt(c.id, "tree", rev, e.Path), Folder: true, Files: len(below), Size: sizeOf(below)}, nil
	}
	view := web.Entry{
		Name: name, Href: pageAt(c.id, "blob", rev, e.Path), Size: e.Size, Hash: e.OID, HashKind: "git",
		Download: pageAt(c.id, "resolve", at.ID, e.Path),
	}
	if e.LFS != nil {
		view.Hash, view.HashKind = e.LFS.OID, "sha256"
	}
	last, ok := changes[e.commit]
	if !ok {
		header, err := c.repo.Header(e.commit)
		if err != nil {
			return view, err
		}
		last = c.change(header)
		changes[e.commit] = last
	}
	view.Last = last
	return view, nil
}

// change is a commit as pages show it.
func (c *call) change(at *store.Commit) web.Change {
	return web.Change{
		ID: at.ID, Href: pageAt(c.id, "commit", at.ID, ""),
		Title: at.Title, Message: at.Message, Author: at.Author, Date: at.Date,
	}
}

// blobPage answers GET /{repo}/blob/{rev}/{path}.
func (h *Hub) blobPage(w http.ResponseWriter, c *call) error {
	at, f, err := c.file()
	if err != nil {
		if at, inner := c.commit(); inner == nil && len(at.Under(c.path)) > 0 {
			redirect(w, c, http.StatusFound, pageAt(c.id, "tree", cmp.Or(c.rev, store.DefaultBranch), c.path))
			return nil
		}
		return err
	}
	dir, name := cutLast(f.Path)
	page := web.Blob{Inside: h.inside(c, "files", name+" in "+c.id.Name), Path: c.crumbs(c.rev, dir)}
	page.Path = append(page.Path, web.Link{Text: name})
	if err := c.offerRevisions(&page.Inside, c.rev, func(rev string) string { return pageAt(c.id, "blob", rev, f.Path) }); err != nil {
		return err
	}
	if page.File, err = c.entry(at, c.rev, entryOf(f), map[string]web.Change{}); err != nil {
		return err
	}
	if err := h.show(c, f, &page); err != nil {
		return err
	}
	return h.writePage(w, http.StatusOK, page)
}

// What a page shows of a file: no more than a browser and a reader can take.
const (
	maxShown      = 512 << 10 // bytes of text
	maxShownLines = 10_000
	maxImage      = 32 << 20
)

// show puts a file's content onto its page, if it is text or a picture.
func (h *Hub) show(c *call, f store.File, page *web.Blob) error {
	content, err := h.open(c.repo, f)
	if errors.Is(err, fs.ErrNotExist) {
		page.Reason = "Its content is not kept here."
		if h.above != nil {
			page.Reason = "Its content is not here yet: it comes when somebody downloads it."
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer content.Close()
	if path.Ext(f.Path) == ".safetensors" {
		if err := h.showTensors(c.Context(), content, c.URL.Query().Get("q"), page); err != nil || page.Tensors > 0 || page.Reason != "" {
			return err
		}
		if _, err := content.Seek(0, io.SeekStart); err != nil {
			return err
		}
	}
	data, err := io.ReadAll(io.LimitReader(content, min(f.Size, maxShown)))
	if err != nil {
		return err
	}
	kind := contentType(data[:min(len(data), 512)], f.Path)
	if strings.HasPrefix(kind, "image/") {
		if f.Size > maxImage {
			page.Reason = "Too large a picture to be shown here."
			return nil
		}
		page.Image = page.File.Download
	}
	if kind == "application/octet-stream" {
		page.Reason = "Not text: download it to see what is in it."
		return nil
	}
	if strings.HasPrefix(kind, "image/") && kind != svgType {
		return nil
	}
	shown, ok := shownText(data)
	switch {
	case len(data) == 0:
		page.Reason = "Empty."
	case !ok || f.Size > maxShown:
		page.Reason = "Too long to be shown here. “Raw” has all of it."
	default:
		page.Lines = strings.Split(strings.TrimSuffix(shown, "\n"), "\n")
	}
	return nil
}

// shownText is data as a page can show it, unless it is too long.
func shownText(data []byte) (string, bool) {
	if len(data) > maxShown || bytes.Count(data, []byte("\n")) > maxShownLines {
		return "", false
	}
	return strings.ReplaceAll(strings.ToValidUTF8(string(data), "\ufffd"), "\r\n", "\n"), true
}
