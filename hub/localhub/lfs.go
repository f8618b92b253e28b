package localhub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// Bounds of a batch, the Hub's own being 500 GB an object: they bound what an
// answer holds.
const (
	maxObject = 1 << 40
	maxBatch  = 1000
)

// lfsBatch answers POST /{repo}.git/info/lfs/objects/batch. Source: git-lfs
// docs/api/batch.md; "multipart" and "xet" are the Hub's own transfers. Who
// offers the latter is answered so, and need not take the actions beside it.
func (h *Hub) lfsBatch(w http.ResponseWriter, c *call) error {
	if c.rev != "lfs" || c.path != "objects/batch" {
		return errNoRoute
	}
	var req wire.LFSBatchRequest
	var rev string // that the files are for
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	if len(req.Objects) > maxBatch {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("At most %d objects can be asked about at once", maxBatch)}
	}
	answer := wire.LFSBatchResponse{Transfer: "basic", Objects: []wire.LFSBatchObject{}}
	if req.Operation == "upload" {
		if err := h.authorize(c.token, c.repo, toPropose); err != nil {
			return err
		}
	} else if req.Operation != "download" {
		return badRequest("Unknown LFS operation %q", req.Operation)
	}
	if req.Ref != nil {
		rev = strings.TrimPrefix(req.Ref.Name, "refs/heads/")
	}
	throughXet := req.Operation == "upload" && !h.opts.NoXet && slices.Contains(req.Transfers, "xet")
	for _, o := range req.Objects {
		a := wire.LFSBatchObject{OID: o.OID, Size: o.Size, Authenticated: true}
		switch {
		case !store.IsSHA256(o.OID) || o.Size < 0 || o.Size > maxObject:
			a.Error = &wire.LFSError{Code: http.StatusUnprocessableEntity, Message: "Not an object: an oid of 64 hex digits and a size of at most 1 TiB are needed"}
		case req.Operation == "download":
			h.offerDownload(c, &a)
		default:
			if h.offerUpload(c, &a, len(req.Objects), slices.Contains(req.Transfers, "multipart") && !throughXet) {
				answer.Transfer = "multipart"
			}
			if throughXet && a.Actions != nil { // huggingface.js takes the token's address from here
				a.Actions["upload"].Href = h.writeTokenAddress(c, cmp.Or(rev, store.DefaultBranch))
			}
		}
		answer.Objects = append(answer.Objects, a)
	}
	if throughXet {
		answer.Transfer = "xet"
	}
	w.Header().Set("Content-Type", wire.LFSMediaType)
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// noGit answers GET /{repo}/info/refs, with which git begins. It shows a text to
// people, and a status to no one.
func (h *Hub) noGit(w http.ResponseWriter, c *call) error {
	if c.rev != "refs" {
		return errNoRoute
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, "this hub has files and Git LFS objects, but no git: use hf download %s, or longcat download\n", c.id.Name)
	return nil
}

func (h *Hub) offerDownload(c *call, a *wire.LFSBatchObject) {
	size, there := h.objectSize(a.OID)
	if !there && h.offerUpstream(c, a) {
		return
	}
	if !there || !c.repo.HasObject(a.OID) {
		a.Error = &wire.LFSError{Code: http.StatusNotFound, Message: "Object does not exist"}
		return
	}
	a.Size = size
	a.Actions = map[string]*wire.LFSAction{"download": {Href: h.objectAddress(c, a.OID, url.Values{}), ExpiresIn: int(h.opts.AddressTTL / time.Second)}}
}

// offerUpload says where an object is to be sent, unless the Hub has it. It
// reports whether that is in parts.
func (h *Hub) offerUpload(c *call, a *wire.LFSBatchObject, batch int, multipart bool) bool {
	if size, there := h.objectSize(a.OID); there && h.knows(c.token, c.repo, a.OID) {
		if size != a.Size {
			a.Error = &wire.LFSError{Code: http.StatusUnprocessableEntity, Message: fmt.Sprintf("The object has %d bytes, not %d", size, a.Size)}
		}
		return false
	}
	ticket := url.Values{
		"repo": {c.id.Directory()}, "user": {c.token.User}, "size": {strconv.FormatInt(a.Size, 10)},
	}
	sign := func(word, suffix string) string {
		return h.signer.sign("/-/"+word+"/"+a.OID+suffix, ticket, uploadTTL)
	}
	upload := &wire.LFSAction{ExpiresIn: int(uploadTTL / time.Second)}
	multipart = multipart && a.Size >= h.opts.Multipart
	if multipart {
		partSize, parts := h.partSize(a.Size, batch)
		ticket.Set("part", strconv.FormatInt(partSize, 10))
		ticket.Set("id", fmt.Sprintf("%x-%x", h.started, h.serial.Load()))
		upload.Href = c.origin() + sign("complete", "")
		upload.Header = map[string]wire.LFSString{"chunk_size": wire.LFSString(strconv.FormatInt(partSize, 10))}
		for n := 1; n <= parts; n++ {
			upload.Header[fmt.Sprintf("%05d", n)] = wire.LFSString(h.cdn(c) + sign("part", "/"+strconv.Itoa(n)))
		}
	} else {
		upload.Href = h.cdn(c) + sign("object", "")
	}
	a.Actions = map[string]*wire.LFSAction{
		"upload": upload,
		"verify": {Href: c.origin() + sign("verify", ""), ExpiresIn: int(uploadTTL / time.Second)},
	}
	return multipart
}

// cdn is the base of the addresses that content is sent to and fetched from.
func (h *Hub) cdn(c *call) string {
	if h.opts.CDN != "" {
		return h.opts.CDN
	}
	return c.origin()
}

// ticketFrom checks a signed address and reads it.
func (h *Hub) ticketFrom(c *call) (ticket, error) {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return ticket{}, err
	}
	oid := strings.Split(c.URL.Path, "/")[3] // "/-/word/oid" or "/-/word/oid/number"
	t := ticket{oid: oid, user: q.Get("user"), id: q.Get("id")}
	t.size, _ = strconv.ParseInt(q.Get("size"), 10, 64) // we wrote both
	t.partSize, _ = strconv.ParseInt(q.Get("part"), 10, 64)
	id, _ := store.ParseDirectory(q.Get("repo"))
	r, ok := h.lookup(id)
	if !ok {
		return t, errNoRepo
	}
	t.repo = r
	return t, nil
}

// putObject takes an object in one piece and hashes it as it comes.
func (h *Hub) putObject(w http.ResponseWriter, c *call) error {
	t, err := h.ticketFrom(c)
	if err != nil {
		return err
	}
	if c.ContentLength >= 0 && c.ContentLength != t.size {
		return badRequest("The body has %d bytes, the object %d", c.ContentLength, t.size)
	}
	f, err := h.store.Temp(0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if err := spool(io.MultiWriter(f, sum), c.Body, t.size); err != nil {
		store.Drop(f)
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != t.oid {
		store.Drop(f)
		return badRequest("The content's sha256 is %s, not %s", got, t.oid)
	}
	if err := h.keep(c.Context(), f, t); err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+t.oid+`"`)
	w.WriteHeader(http.StatusOK)
	return nil
}

// spool copies a body of exactly size bytes.
func spool(w io.Writer, body io.Reader, size int64) error {
	n, err := copyAll(w, io.LimitReader(body, size))
	if err != nil {
		return err
	}
	if n < size {
		return badRequest("The body ends after %d of %d bytes", n, size)
	}
	if extra, _ := io.CopyN(io.Discard, body, 1); extra > 0 {
		return badRequest("The body is longer than %d bytes", size)
	}
	return nil
}

// keep gives an object that was checked its place, and notes who sent it where.
func (h *Hub) keep(ctx context.Context, f *os.File, t ticket) error {
	if err := h.keepWhole(ctx, f, t); err != nil {
		return err
	}
	h.convert(t.oid)
	return nil
}

func (h *Hub) keepWhole(ctx context.Context, f *os.File, t ticket) error {
	unlock, err := t.repo.Lock(ctx)
	if err != nil {
		store.Drop(f)
		return err
	}
	defer unlock()
	release, err := h.store.KeepObjects(ctx)
	if err != nil {
		store.Drop(f)
		return err
	}
	defer release()
	if _, made := h.xet.BySHA256(t.oid); made { // the same content is there already
		store.Drop(f)
	} else if err := h.store.PutObject(f, t.oid); err != nil {
		return err
	}
	return t.repo.MarkPending(t.oid, t.user)
}

// verifyObject answers the last step of an upload: is the object there?
func (h *Hub) verifyObject(w http.ResponseWriter, c *call) error {
	t, err := h.ticketFrom(c)
	if err != nil {
		return err
	}
	var req wire.LFSObject
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	size, there := h.objectSize(t.oid)
	if !there || req.OID != t.oid || !(t.repo.HasPending(t.oid, t.user) || t.repo.HasObject(t.oid)) {
		return &apiError{Status: http.StatusNotFound, Message: "Object does not exist"}
	}
	if req.Size != size {
		return &apiError{Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf("The object has %d bytes, not %d", size, req.Size)}
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
