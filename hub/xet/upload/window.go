package upload

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

func (w *window) add(c chunk) error {
	w.chunks = append(w.chunks, c)
	if len(w.chunks) < windowSize {
		return nil
	}
	return w.flush()
}

// flush decides on the chunks and gives them to the file.
func (w *window) flush() error {
	w.ask()
	s := w.session
	for _, c := range w.chunks {
		p, size := c.place, int64(c.Size)
		switch {
		case p.xorb != nil:
			s.stats.Known += size
		default:
			var found bool
			if p, found = s.packer.find(c.Hash); found {
				s.stats.Repeated += size
				break
			}
			if p, found = s.answers.find(c.Hash); found {
				s.stats.Dedup += size
				break
			}
			var err error
			if p, err = s.packer.add(w.content, w.at, c.Leaf); err != nil {
				return err
			}
			s.stats.New += size
		}
		w.file.add(c.Leaf, p)
		w.at += size
	}
	w.chunks = w.chunks[:0]
	return s.register.relieve()
}

// ask asks the server for chunks of which nothing is known. It asks for one
// after the other, since one answer tells of many chunks.
func (w *window) ask() {
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
		w.session.answers.ask(w.session.ctx, w.session.client, c.Hash)
	}
}
