package xet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/xorb"
)

// A piece is a term of the file and where it goes.
type piece struct {
	term   Term
	at     int64         // first byte's place in the file
	done   int64         // bytes written
	leaves []merkle.Leaf // the chunks, once they came
}

// A source is the answer to a question for a stretch of a file. Its addresses
// can be renewed while they are in use.
type source struct {
	client *Client
	file   merkle.Hash
	asked  Range

	mu     sync.Mutex
	answer *Reconstruction
}

func (s *source) renew(ctx context.Context) error {
	answer, err := s.client.Reconstruct(ctx, s.file, s.asked.From, s.asked.To)
	if err != nil {
		return err
	}
	s.answer = answer
	return nil
}

// find gives an address for the chunks of a xorb, the range that holds them,
// and asks anew if that address is the expired one.
func (s *source) find(ctx context.Context, hash merkle.Hash, chunks Span, expired string) (string, FetchRange, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for range 2 {
		for _, f := range s.answer.Xorbs[hash] {
			for _, r := range f.Ranges {
				if r.Chunks.Start > chunks.Start || r.Chunks.End < chunks.End {
					continue
				}
				if f.URL != expired {
					return f.URL, r, nil
				}
			}
		}
		if expired == "" {
			break
		}
		if err := s.renew(ctx); err != nil {
			return "", FetchRange{}, err
		}
		expired = ""
	}
	return "", FetchRange{}, fmt.Errorf("%s: the server names no address for chunks %d to %d of %v", fetching, chunks.Start, chunks.End, hash)
}

// A job brings one range of a xorb to all the places that it is needed at.
type job struct {
	source *source
	xorb   merkle.Hash
	chunks Span
	pieces []*piece
}

// jobs groups pieces that come from the same range of a xorb, so that it is
// fetched once.
func (s *source) jobs(pieces []*piece) []*job {
	type key struct {
		xorb   merkle.Hash
		chunks Span
	}
	var all []*job
	byRange := map[key]*job{}
	for _, p := range pieces {
		k := key{p.term.Xorb, s.rangeOf(p.term)}
		j := byRange[k]
		if j == nil {
			j = &job{source: s, xorb: k.xorb, chunks: k.chunks}
			byRange[k] = j
			all = append(all, j)
		}
		j.pieces = append(j.pieces, p)
	}
	for _, j := range all { // of a range only what is needed
		j.chunks = j.pieces[0].term.Chunks
		for _, p := range j.pieces {
			j.chunks.Start = min(j.chunks.Start, p.term.Chunks.Start)
			j.chunks.End = max(j.chunks.End, p.term.Chunks.End)
		}
	}
	return all
}

// rangeOf is the range of the answer that holds a term's chunks, or the term's
// own if there is none, which find will notice.
func (s *source) rangeOf(t Term) Span {
	for _, f := range s.answer.Xorbs[t.Xorb] {
		for _, r := range f.Ranges {
			if r.Chunks.Start <= t.Chunks.Start && r.Chunks.End >= t.Chunks.End {
				return r.Chunks
			}
		}
	}
	return t.Chunks
}

// run fetches until all chunks of the job have come. What arrived before a
// failure is not fetched again.
func (c *Client) run(ctx context.Context, j *job, d Download) error {
	var p progress
	refused := "" // the address that had expired
	for renewals := 0; ; {
		before := p.next
		var address string
		err := c.repeat(ctx, func() (err error) {
			var within FetchRange
			address, within, err = j.source.find(ctx, j.xorb, j.chunks, refused)
			if err != nil {
				return err
			}
			if within != p.within {
				j.restart(d)
				p = progress{within: within, next: within.Chunks.Start}
			}
			return c.stream(ctx, j, d, address, &p)
		})
		if p.next > before {
			renewals = 0
		}
		switch {
		case errors.Is(err, errExpired) && renewals < tries:
			refused = address
			renewals++
		case isBroken(err) && p.next > before: // slowly, but it goes on
		default:
			return err
		}
	}
}

// restart forgets what has come.
func (j *job) restart(d Download) {
	for _, p := range j.pieces {
		if d.Wrote != nil && p.done > 0 {
			d.Wrote(-int(p.done))
		}
		p.done, p.leaves = 0, nil
	}
}

// progress is how far the fetching of a range has come.
type progress struct {
	within FetchRange
	next   int64 // the chunk that is due
	skip   int64 // bytes of the range before that chunk
}

// stream reads the chunks that are due and writes them to where they belong.
func (c *Client) stream(ctx context.Context, j *job, d Download, address string, p *progress) error {
	bytes := p.within.Bytes
	bytes.Start += p.skip
	content, err := c.fetch(ctx, address, bytes)
	if err != nil {
		return err
	}
	defer content.Close()
	r := xorb.NewReader(content)
	start := p.skip
	for p.next < j.chunks.End {
		data, err := r.Next()
		if err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return broken(&CorruptError{What: "xorb " + j.xorb.String(), Reason: fmt.Sprintf("reading chunk %d", p.next), Err: err})
		}
		if err := j.place(p.next, data, d); err != nil {
			return err
		}
		p.next++
		p.skip = start + r.Offset()
	}
	return j.complete()
}

// place writes a chunk to where the file has it.
func (j *job) place(chunk int64, data []byte, d Download) error {
	leaf := merkle.Leaf{}
	for _, p := range j.pieces {
		if chunk < p.term.Chunks.Start || chunk >= p.term.Chunks.End {
			continue
		}
		if leaf.Size == 0 {
			leaf = merkle.Leaf{Hash: merkle.Chunk(data), Size: uint64(len(data))}
		}
		if p.done+int64(len(data)) > p.term.Size {
			return j.wrong(p)
		}
		if _, err := d.To.WriteAt(data, p.at+p.done); err != nil {
			return err
		}
		p.done += int64(len(data))
		p.leaves = append(p.leaves, leaf)
		if d.Wrote != nil {
			d.Wrote(len(data))
		}
	}
	return nil
}

// complete makes sure that every piece is.
func (j *job) complete() error {
	if i := slices.IndexFunc(j.pieces, func(p *piece) bool { return p.done != p.term.Size }); i >= 0 {
		return j.wrong(j.pieces[i])
	}
	return nil
}

func (j *job) wrong(p *piece) error {
	return &CorruptError{
		What: "xorb " + j.xorb.String(),
		Reason: fmt.Sprintf("chunks %d to %d do not have the %d bytes that the file needs",
			p.term.Chunks.Start, p.term.Chunks.End, p.term.Size),
	}
}
