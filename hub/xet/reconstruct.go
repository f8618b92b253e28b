package xet

import (
	"context"
	"fmt"
	"net/http"

	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/xorb"
)

// Reconstruct asks what the bytes from to to-1 of a file are made of. The
// answer may cover more: it is of whole chunks, and some servers give whole
// terms. Its numbers were checked to be possible, not to be true.
func (c *Client) Reconstruct(ctx context.Context, file merkle.Hash, from, to int64) (*Reconstruction, error) {
	r := new(Reconstruction)
	err := c.repeat(ctx, func() error {
		if c.noReconstructionsV2.Load() {
			return c.reconstructV1(ctx, file, from, to, r)
		}
		var v2 boundedV2
		err := c.reconstruct(ctx, "/v2", file, from, to, &v2)
		e, ok := asError(err)
		if !ok || !missing(e.Status) {
			*r = v2.reconstruction()
			return err
		}
		// A file that is not known answers 404 as well: only if the older
		// version knows it is the newer one missing.
		if err := c.reconstructV1(ctx, file, from, to, r); err != nil {
			return err
		}
		c.noReconstructionsV2.Store(true)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("asking for the parts of file %v: %w", file, err)
	}
	return r, nil
}

func (c *Client) reconstructV1(ctx context.Context, file merkle.Hash, from, to int64, r *Reconstruction) error {
	var v1 boundedV1
	if err := c.reconstruct(ctx, "/v1", file, from, to, &v1); err != nil {
		return err
	}
	*r = Reconstruction{v1.Offset, v1.Terms, make(map[merkle.Hash][]Fetch, len(v1.Fetch))}
	for hash, all := range v1.Fetch {
		for _, f := range all {
			r.Xorbs[hash] = append(r.Xorbs[hash], Fetch{f.URL, []FetchRange{{f.Chunks, f.Bytes}}})
		}
	}
	return nil
}

func (c *Client) reconstruct(ctx context.Context, version string, file merkle.Hash, from, to int64, out any) error {
	const op = "asking for the parts of file"
	resp, err := c.send(ctx, request{
		op: op, method: http.MethodGet,
		path: version + "/reconstructions/" + file.String(),
		span: fmt.Sprintf("bytes=%d-%d", from, to-1),
	})
	if err != nil {
		return err
	}
	if !good(resp.StatusCode) {
		return refusal(op, file.String(), resp)
	}
	return decode(op, resp, out)
}

// Size is the length of all terms in bytes.
func (r *Reconstruction) Size() (n int64) {
	for _, t := range r.Terms {
		n += t.Size
	}
	return n
}

// check refuses numbers that can not be, so that sums of them stay sane.
func (r *Reconstruction) check() error {
	for _, t := range r.Terms {
		n := t.Chunks.End - t.Chunks.Start
		if t.Chunks.Start < 0 || n <= 0 || n > xorb.MaxChunks || t.Chunks.End > maxChunkIndex ||
			t.Size < n || t.Size > n*cdc.MaxSize {
			return fmt.Errorf("a term of chunks %d to %d has %d bytes", t.Chunks.Start, t.Chunks.End, t.Size)
		}
	}
	if r.Offset < 0 || r.Offset > 0 && (len(r.Terms) == 0 || r.Offset >= r.Size()) {
		return fmt.Errorf("the first byte is at %d of %d", r.Offset, r.Size())
	}
	for hash, fetches := range r.Xorbs {
		for _, f := range fetches {
			for _, span := range f.Ranges {
				n, size := span.Chunks.End-span.Chunks.Start, span.Bytes.End-span.Bytes.Start
				if span.Chunks.Start < 0 || n <= 0 || n > xorb.MaxChunks || span.Chunks.End > maxChunkIndex ||
					span.Bytes.Start < 0 || size < 0 || size > 2*xorb.MaxBytes {
					return fmt.Errorf("chunks %d to %d of xorb %v are at bytes %d to %d",
						span.Chunks.Start, span.Chunks.End, hash, span.Bytes.Start, span.Bytes.End)
				}
			}
		}
	}
	return nil
}

// maxChunkIndex bounds the number of a chunk: more than xorb.MaxChunks, in case
// that older xorbs have more, but so few that nothing overflows.
const maxChunkIndex = 1 << 24
