package localhub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"longcat/hub/localhub/cas"
	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
)

// xorbPrefix is the one prefix that addresses of xorbs have.
const xorbPrefix = "default"

var errNoXorb = &apiError{Status: http.StatusNotFound, Message: "Xorb not found"}

// knownXorb finds a xorb if the caller may use all of it.
func (h *Hub) knownXorb(c *call, hash merkle.Hash) (*cas.Xorb, error) {
	x, err := h.xet.Xorb(hash)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoXorb
	}
	if err != nil {
		return nil, err
	}
	if !h.xetAccess(c).mayUse(x, 0, uint32(len(x.Index))) {
		return nil, errNoXorb
	}
	return x, nil
}

// headXorb answers HEAD /v1/xorbs/default/{hash}.
func (h *Hub) headXorb(w http.ResponseWriter, c *call) error {
	hash, err := c.hash(xorbPrefix)
	if err != nil {
		return err
	}
	if c.Method != http.MethodHead {
		return errNoRoute
	}
	x, err := h.knownXorb(c, hash)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(x.Index.Packed(), 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// postXorb answers POST /v1/xorbs/default/{hash}.
func (h *Hub) postXorb(w http.ResponseWriter, c *call) error {
	hash, err := c.hash(xorbPrefix)
	if err != nil {
		return err
	}
	added, err := h.takeXorb(hash, c.token.User, http.MaxBytesReader(w, c.Body, cas.MaxUpload))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, xet.XorbResult{Inserted: added})
	return nil
}

func (h *Hub) takeXorb(hash merkle.Hash, user string, body io.Reader) (added bool, err error) {
	added, err = h.xet.PutXorb(hash, user, h.opts.Now().Add(uploadTTL), body)
	if bad, ok := errors.AsType[*cas.BadXorbError](err); ok {
		return false, badRequest("%v", bad)
	}
	return added, err
}

// grantXorb answers POST /v1/xorb-grants/default/{hash} with the address that
// the xorb is to be sent to.
func (h *Hub) grantXorb(w http.ResponseWriter, c *call) error {
	hash, err := c.hash(xorbPrefix)
	if err != nil {
		return err
	}
	var req xet.GrantRequest
	if err := h.readJSON(c, maxJSON, &req); err != nil {
		return err
	}
	if req.Length <= 0 || req.Length > cas.MaxUpload || req.Checksum.Algo != xet.ChecksumAlgo {
		return badRequest("A xorb of 1 to %d bytes with a checksum of kind %q is wanted", cas.MaxUpload, xet.ChecksumAlgo)
	}
	if _, err = h.knownXorb(c, hash); err == nil {
		writeJSON(w, http.StatusOK, struct{}{})
		return nil
	}
	if !errors.Is(err, errNoXorb) {
		return err
	}
	address := h.signer.sign("/-/xorb/"+hash.String(), url.Values{
		"user":   {c.token.User},
		"length": {strconv.FormatInt(req.Length, 10)},
		"crc":    {strconv.FormatUint(req.Checksum.Value, 10)},
	}, uploadTTL)
	writeJSON(w, http.StatusCreated, xet.Grant{
		ID:     fmt.Sprintf("%x-%x", h.started, h.serial.Load()),
		Method: http.MethodPut, URL: h.cdn(c) + address, Headers: map[string]string{},
	})
	return nil
}

// putXorb takes what a grant was given for. It is verified and kept here, so
// that nothing is left for the commit to do.
func (h *Hub) putXorb(w http.ResponseWriter, c *call) error {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return err
	}
	hash, err := merkle.Parse(strings.TrimPrefix(c.URL.Path, "/-/xorb/"))
	user := q.Get("user")
	if err != nil || user == "" { // the address is for something else
		return errNoRoute
	}
	body := &checkedBody{r: c.Body}
	body.length, _ = strconv.ParseInt(q.Get("length"), 10, 64) // we wrote both
	body.crc, _ = strconv.ParseUint(q.Get("crc"), 10, 64)
	if c.ContentLength >= 0 && c.ContentLength != body.length {
		return badRequest("The body has %d bytes, the grant is for %d", c.ContentLength, body.length)
	}
	if _, err := h.takeXorb(hash, user, body); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// checkedBody fails at its end, or before, unless it is what was announced.
type checkedBody struct {
	r           io.Reader
	length      int64
	crc         uint64
	got         int64
	gotChecksum uint64
}

func (b *checkedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.got += int64(n)
	b.gotChecksum = xet.AddChecksum(b.gotChecksum, p[:n])
	switch {
	case b.got > b.length:
		return n, badRequest("The body is longer than %d bytes", b.length)
	case err == io.EOF && b.got < b.length:
		return n, badRequest("The body ends after %d of %d bytes", b.got, b.length)
	case err == io.EOF && b.gotChecksum != b.crc:
		return n, badRequest("The body's checksum is %d, not %d", b.gotChecksum, b.crc)
	}
	return n, err
}

// commitXorb answers POST /v1/xorb-commits/default/{hash}/grant/{id}: did the
// xorb arrive?
func (h *Hub) commitXorb(w http.ResponseWriter, c *call) error {
	c.path, _, _ = strings.Cut(c.path, "/grant/")
	hash, err := c.hash(xorbPrefix)
	if err != nil {
		return err
	}
	if _, err := h.knownXorb(c, hash); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// xorbAddress is a signed address of those chunks of a xorb that a file is made
// of. Its ranges must be asked for by a Range header.
func (h *Hub) xorbAddress(c *call, xorb, file merkle.Hash) string {
	return h.cdn(c) + h.signer.sign("/-/xorb/"+xorb.String(), url.Values{"file": {file.String()}}, h.opts.AddressTTL)
}

// serveXorb sends ranges of a xorb, no more than the file in the address needs:
// other chunks of it may be of private content.
func (h *Hub) serveXorb(w http.ResponseWriter, c *call) error {
	q, err := h.signer.check(c.URL)
	if err != nil {
		return err
	}
	hash, err := merkle.Parse(strings.TrimPrefix(c.URL.Path, "/-/xorb/"))
	if err != nil {
		return errNoRoute
	}
	file, err := merkle.Parse(q.Get("file"))
	if err != nil { // the address is for something else
		return errNoRoute
	}
	x, err := h.xet.Xorb(hash)
	var ranges []chunkRange
	if err == nil {
		ranges, err = h.usedBy(file, hash)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errNoXorb
	}
	if err != nil {
		return err
	}
	asked, err := parseRanges(c.Header.Get("Range"), x.Index.Packed())
	if err != nil {
		return err
	}
	if !withinChunks(asked, x, ranges) {
		return forbidden("Only the ranges that the address was made for can be had, in ascending order")
	}
	content, err := h.xet.OpenXorb(x)
	if err != nil {
		return err
	}
	defer content.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, c.Request, "", time.Time{}, content)
	return nil
}

// usedBy lists the chunks of a xorb that a file is made of.
func (h *Hub) usedBy(file, xorb merkle.Hash) ([]chunkRange, error) {
	known, ok := h.xet.ByHash(file)
	if !ok {
		return nil, fs.ErrNotExist
	}
	f, err := h.xet.File(known.SHA256)
	if err != nil {
		return nil, err
	}
	return rangesOf(f)[xorb], nil
}

// withinChunks says whether all that is asked for lies inside the chunks, each
// byte once.
func withinChunks(asked []xet.Span, x *cas.Xorb, chunks []chunkRange) bool {
	next := int64(0)
	for _, a := range asked {
		inside := false
		for _, r := range chunks {
			from, to := x.Index.Bytes(int(r.first), int(r.end))
			inside = inside || from <= a.Start && a.End < to
		}
		if !inside || a.Start < next {
			return false
		}
		next = a.End + 1
	}
	return len(asked) > 0
}
