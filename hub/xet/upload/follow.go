package upload

import (
	"context"

	"longcat/hub/xet/merkle"
)

// A chunk is one of a content.
type chunk struct {
	merkle.Leaf
	place // where the server is known to have it, or nowhere
}

// A follower takes the chunks of a content in order and hands them on in the
// same order, with their place if they are in a span.
type follower struct {
	spans   []*span // the one being followed and those to come
	opened  bool    // the first of spans has been
	size    int64   // of the content
	at      int64   // the next chunk's first byte
	emit    func(chunk) error
	pending []chunk // counted since the last term: the span's verdict is open
}

// add takes the next chunk.
func (f *follower) add(ctx context.Context, leaf merkle.Leaf) error {
	from, to := f.at, f.at+int64(leaf.Size)
	f.at = to
	for len(f.spans) > 0 && !f.whole(f.spans[0], to) {
		if err := f.endSpan(); err != nil {
			return err
		}
	}
	if len(f.spans) == 0 || from < f.spans[0].At {
		return f.emit(chunk{Leaf: leaf})
	}
	sp := f.spans[0]
	if !f.opened {
		if err := sp.open(ctx); err != nil {
			return err
		}
		f.opened = true
	}
	start, end := from-sp.At+sp.From, to-sp.At+sp.From // in the source
	for len(sp.terms) > 0 && sp.pos < start {
		if err := f.skip(sp); err != nil {
			return err
		}
	}
	if len(sp.terms) == 0 || sp.pos != start {
		return f.emit(chunk{Leaf: leaf})
	}
	f.pending = append(f.pending, chunk{leaf, place{sp.xorb, uint32(sp.index)}})
	return f.judge(sp.step(end))
}

// whole says whether a chunk that ends before to, with none after it, can be a
// chunk of the span's source: it must not reach beyond the span, and if only
// the content's end has cut it off, it must be the source's end as well.
func (f *follower) whole(sp *span, to int64) bool {
	end := sp.At + sp.Size
	return to < end || to == end && (to < f.size || sp.From+sp.Size == sp.Source.Data.Size())
}

// skip passes over a chunk of the source. If the source can not be read the
// span is given up.
func (f *follower) skip(sp *span) error {
	end, err := sp.cut()
	if err != nil {
		sp.terms = nil
		return f.judge(wrong)
	}
	return f.judge(sp.step(end))
}

// endSpan goes to the end of the term in which the first span ends, to get a
// verdict on the chunks counted in it, and forgets the span.
func (f *follower) endSpan() error {
	sp := f.spans[0]
	for len(f.pending) > 0 {
		if err := f.skip(sp); err != nil {
			return err
		}
	}
	f.spans, f.opened = f.spans[1:], false
	return nil
}

// judge hands on the pending chunks if the verdict on them is known.
func (f *follower) judge(v verdict) error {
	if v == open {
		return nil
	}
	for _, c := range f.pending {
		if v == wrong {
			c.place = place{}
		}
		if err := f.emit(c); err != nil {
			return err
		}
	}
	f.pending = f.pending[:0]
	return nil
}

// end comes after the last chunk.
func (f *follower) end() error {
	for len(f.spans) > 0 {
		if err := f.endSpan(); err != nil {
			return err
		}
	}
	return nil
}
