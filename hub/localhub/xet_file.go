package localhub

import (
	"errors"
	"io/fs"
	"net/http"
	"strconv"

	"longcat/hub/localhub/cas"
	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
)

var errNoFile = &apiError{Status: http.StatusNotFound, Message: "File not found"}

// xetFileOf finds the file that the path names, if it is in the token's repo.
func (h *Hub) xetFileOf(c *call) (cas.Known, error) {
	hash, err := c.hash()
	if err != nil {
		return cas.Known{}, err
	}
	known, ok := h.xet.ByHash(hash)
	if !ok || !(c.repo.HasObject(known.SHA256) || c.token != nil && c.repo.HasPending(known.SHA256, c.token.User)) {
		return cas.Known{}, errNoFile
	}
	return known, nil
}

// headXetFile answers HEAD /v1/files/{hash}.
func (h *Hub) headXetFile(w http.ResponseWriter, c *call) error {
	if c.Method != http.MethodHead {
		return errNoRoute
	}
	known, err := h.xetFileOf(c)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.FormatInt(known.Size, 10))
	w.WriteHeader(http.StatusOK)
	return nil
}

// reconstructV2 answers GET /v2/reconstructions/{hash}.
func (h *Hub) reconstructV2(w http.ResponseWriter, c *call) error {
	answer, err := h.reconstruct(c)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// reconstructV1 answers GET /v1/reconstructions/{hash}.
func (h *Hub) reconstructV1(w http.ResponseWriter, c *call) error {
	v2, err := h.reconstruct(c)
	if err != nil {
		return err
	}
	answer := xet.ReconstructionV1{Offset: v2.Offset, Terms: v2.Terms, Fetch: map[merkle.Hash][]xet.FetchV1{}}
	for hash, fetches := range v2.Xorbs {
		for _, f := range fetches {
			for _, r := range f.Ranges {
				answer.Fetch[hash] = append(answer.Fetch[hash], xet.FetchV1{Chunks: r.Chunks, URL: f.URL, Bytes: r.Bytes})
			}
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// reconstruct says what the file, or the range of it that is asked for, is made
// of, and where to fetch that.
func (h *Hub) reconstruct(c *call) (*xet.Reconstruction, error) {
	known, err := h.xetFileOf(c)
	if err != nil {
		return nil, err
	}
	asked, err := parseRanges(c.Header.Get("Range"), known.Size)
	if err != nil {
		return nil, err
	}
	span := xet.Span{Start: 0, End: known.Size - 1}
	if len(asked) > 1 {
		return nil, badRequest("One range is wanted, not %d", len(asked))
	} else if len(asked) == 1 {
		span = asked[0]
	}
	f, err := h.xet.File(known.SHA256)
	if errors.Is(err, fs.ErrNotExist) { // it was removed just now
		return nil, errNoFile
	}
	if err != nil {
		return nil, err
	}
	return h.parts(c, f, span)
}

// parts lists the whole chunks that a range of a file lies in.
func (h *Hub) parts(c *call, f *cas.File, span xet.Span) (*xet.Reconstruction, error) {
	answer := &xet.Reconstruction{Terms: []xet.Term{}, Xorbs: map[merkle.Hash][]xet.Fetch{}}
	used := map[merkle.Hash][]chunkRange{}
	at := int64(0) // the term's first byte
	for _, t := range f.Terms {
		start := at
		at += int64(t.Size)
		if at <= span.Start || start > span.End {
			continue
		}
		x, err := h.xet.Xorb(t.Xorb)
		if err != nil {
			return nil, err
		}
		term, skipped := trim(t, x, span.Start-start, span.End-start)
		if len(answer.Terms) == 0 {
			answer.Offset = span.Start - start - skipped
		}
		answer.Terms = append(answer.Terms, term)
		used[t.Xorb] = append(used[t.Xorb], chunkRange{uint32(term.Chunks.Start), uint32(term.Chunks.End)})
	}
	for hash, ranges := range used {
		x, err := h.xet.Xorb(hash)
		if err != nil {
			return nil, err
		}
		fetch := xet.Fetch{URL: h.xorbAddress(c, hash, f.Hash)}
		for _, r := range join(ranges) {
			from, to := x.Index.Bytes(int(r.first), int(r.end))
			fetch.Ranges = append(fetch.Ranges, xet.FetchRange{
				Chunks: xet.Span{Start: int64(r.first), End: int64(r.end)},
				Bytes:  xet.Span{Start: from, End: to - 1},
			})
		}
		answer.Xorbs[hash] = []xet.Fetch{fetch}
	}
	return answer, nil
}

// trim takes off a term the chunks before its byte first and behind its byte
// last. It says how many bytes were taken off the front.
func trim(t cas.Term, x *cas.Xorb, first, last int64) (term xet.Term, skipped int64) {
	term = xet.Term{Xorb: t.Xorb, Size: int64(t.Size), Chunks: xet.Span{Start: int64(t.First), End: int64(t.End)}}
	size := func(chunk int64) int64 { return int64(x.Index[chunk].Leaf.Size) }
	for skipped+size(term.Chunks.Start) <= first {
		skipped += size(term.Chunks.Start)
		term.Chunks.Start++
	}
	behind := int64(t.Size) // where the last chunk ends
	for behind-size(term.Chunks.End-1) > last {
		term.Chunks.End--
		behind -= size(term.Chunks.End)
	}
	term.Size = behind - skipped
	return term, skipped
}
