package upload

import "context"

// A window holds back some chunks of a content, so that the server's answer to
// a question for one of them can still help those before it: only one in a
// thousand may be asked for.
type window struct {
	session *session
	file    *file
	content *Content
	chunks  []chunk
	at      int64 // first byte of the first of chunks
	asked   int64 // first byte of the chunk that was asked for last
}

// windowSize is in chunks: a quarter of a gigabyte.
const windowSize = 4 << 10

// askEvery is the least distance of two chunks that are asked for, in bytes.
// Source: docs/xet/deduplication.md.
const askEvery = 4 << 20

func (w *window) add(ctx context.Context, c chunk) {
	if w.chunks = append(w.chunks, c); len(w.chunks) == windowSize {
		w.flush(ctx)
	}
}

// flush decides on the chunks and gives them to the file.
func (w *window) flush(ctx context.Context) {
	w.ask(ctx)
	for _, c := range w.chunks {
		w.file.add(c.Leaf, w.find(c))
		w.at += int64(c.Size)
	}
	w.chunks = w.chunks[:0]
	w.session.register.relieve(ctx)
}

// find gives the chunk that begins at w.at a place, a new one if it has none.
func (w *window) find(c chunk) place {
	s, size := w.session, int64(c.Size)
	if c.place.xorb != nil {
		s.stats.Known += size
		s.o.Found(size)
		return c.place
	}
	if p, found := s.packer.find(c.Hash); found {
		s.stats.Repeated += size
		s.o.Found(size)
		return p
	}
	if p, found := s.answers.find(c.Hash); found {
		s.stats.Dedup += size
		s.o.Found(size)
		return p
	}
	s.stats.New += size
	return s.packer.add(w.content, w.at, c.Leaf)
}

// ask asks the server for chunks of which nothing is known. It asks for one
// after the other, since one answer tells of many chunks.
func (w *window) ask(ctx context.Context) {
	if w.session.o.ask == never {
		return
	}
	at := w.at
	for i := range w.chunks {
		c := &w.chunks[i]
		start := at
		at += int64(c.Size)
		first := start == 0
		if c.place.xorb != nil || !first && (!c.Hash.DedupEligible() || start < w.asked+askEvery) {
			continue
		}
		if _, found := w.session.answers.find(c.Hash); found {
			continue
		}
		if _, found := w.session.packer.find(c.Hash); found {
			continue
		}
		w.asked = start
		w.session.answers.ask(ctx, w.session.client, c.Hash)
	}
}
