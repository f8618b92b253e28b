package upload

import (
	"context"
	"errors"
	"slices"

	"longcat/hub/xet"
	"longcat/hub/xet/cdc"
)

// A span is a stretch of a content that is known to stand in a source.
//
// The server tells which chunks of which xorbs hold the source's stretch, but
// not where one chunk ends and the next begins, nor their hashes. That it need
// not: where two contents are the same, so are the chunks, from the first
// common boundary on. So the source is cut from the first byte of the chunk
// that the server names until a boundary of the content is met; from there on
// the content's own chunks are counted along. At the end of each term the
// count and the bytes must agree with what the server said, or else nothing
// that was counted since the last term is believed.
type span struct {
	Known
	answer chan *xet.Reconstruction // gives one; nil if there is none

	// The next chunk of the source.
	terms     []xet.Term // the term that it belongs to, and those after it
	termStart int64      // the term's first byte
	pos       int64      // the chunk's first byte
	index     int64      // its index in the xorb
	xorb      *xorbRef   // of the term
	buf       []byte     // of the source
}

// minSpan is a length under which asking costs more than sending.
const minSpan = 2 * cdc.MaxSize

// spansOf joins ranges that lie side by side in both files and drops what is
// too short.
func spansOf(c *Content) []*span {
	var spans []*span
	for _, k := range c.Known {
		if n := len(spans); n > 0 {
			last := spans[n-1]
			if last.Source == k.Source && last.At+last.Size == k.At && last.From+last.Size == k.From {
				last.Size += k.Size
				continue
			}
		}
		spans = append(spans, &span{Known: k, answer: make(chan *xet.Reconstruction, 1)})
	}
	return slices.DeleteFunc(spans, func(s *span) bool { return s.Size < minSpan })
}

// askAbout asks the server about spans, some at a time, in the background. A
// source that it does not know is no failure: its bytes are new then.
func askAbout(ctx context.Context, s *session, spans []*span) {
	if len(spans) == 0 {
		return
	}
	s.g.Go(func() error {
		for _, sp := range spans {
			select {
			case s.asking <- struct{}{}:
			case <-ctx.Done():
				return ctx.Err()
			}
			s.g.Go(func() error {
				defer func() { <-s.asking }()
				sp.answer <- s.ask(ctx, sp)
				return nil
			})
		}
		return nil
	})
}

func (s *session) ask(ctx context.Context, sp *span) *xet.Reconstruction {
	if _, unknown := s.unknown.Load(sp.Source); unknown {
		return nil
	}
	answer, err := sp.Source.Client.Reconstruct(ctx, sp.Source.File, sp.From, sp.From+sp.Size)
	if err != nil {
		s.unknown.Store(sp.Source, true)
		return nil
	}
	answer.Xorbs = nil // addresses for fetching
	return answer
}

// open takes the server's answer. If there is none the span has no terms.
func (s *span) open(ctx context.Context) error {
	select {
	case answer := <-s.answer:
		if answer == nil {
			return nil
		}
		s.terms, s.termStart = answer.Terms, s.From-answer.Offset
		if answer.Offset == 0 && answer.Size() == s.Source.Data.Size() {
			s.termStart = 0 // a server that gives the whole file, whatever was asked
		}
		for len(s.terms) > 0 && s.termStart+s.terms[0].Size <= s.From {
			s.termStart += s.terms[0].Size
			s.terms = s.terms[1:]
		}
		s.startTerm()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startTerm goes to the first chunk of the next term.
func (s *span) startTerm() {
	s.pos = s.termStart
	if len(s.terms) > 0 {
		s.index = s.terms[0].Chunks.Start
		s.xorb = &xorbRef{s.terms[0].Xorb}
	}
}

// A verdict is what a step says of the chunks counted since the last term.
type verdict int

const (
	open  verdict = iota // nothing yet
	right                // they are where they were thought to be
	wrong                // they may be anywhere
)

// step passes over a chunk of the source that ends before end.
func (s *span) step(end int64) verdict {
	term := s.terms[0]
	s.pos = end
	s.index++
	switch bytes := s.pos - s.termStart; {
	case s.index < term.Chunks.End && bytes < term.Size:
		return open
	case s.index == term.Chunks.End && bytes == term.Size:
		s.terms = s.terms[1:]
		s.termStart = s.pos
		s.startTerm()
		return right
	}
	s.terms = nil
	return wrong
}

// cut finds where the chunk at pos ends by reading the source.
func (s *span) cut() (int64, error) {
	size := s.Source.Data.Size()
	s.buf = slices.Grow(s.buf[:0], cdc.MaxSize)[:min(cdc.MaxSize, max(size-s.pos, 0))]
	if len(s.buf) == 0 || s.pos < 0 {
		return 0, errBeyond
	}
	if n, err := s.Source.Data.ReadAt(s.buf, s.pos); n < len(s.buf) {
		return 0, err
	}
	var c cdc.Cutter
	if ends := c.Cut(nil, s.buf); len(ends) > 0 {
		return s.pos + int64(ends[0]), nil
	}
	return s.pos + int64(len(s.buf)), nil
}

var errBeyond = errors.New("the server says that the source is longer than it is")
