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
	emit    func(chunk)
	pending []chunk // counted since the last term: the span's verdict is open
}

// add takes the next chunk.
func (f *follower) add(ctx context.Context, leaf merkle.Leaf) error {
	from, to := f.at, f.at+int64(leaf.Size)
	f.at = to
	for len(f.spans) > 0 && !f.whole(f.spans[0], to) {
		f.endSpan()
	}
	if len(f.spans) == 0 || from < f.spans[0].At {
		f.emit(chunk{Leaf: leaf})
		return nil
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
		f.skip(sp)
	}
	if len(sp.terms) == 0 || sp.pos != start {
		f.emit(chunk{Leaf: leaf})
		return nil
	}
	f.pending = append(f.pending, chunk{leaf, place{sp.xorb, uint32(sp.index)}})
	f.judge(sp.step(end))
	return nil
}

// whole says whether a chunk that ends before to, if it begins in the span, can
// be a chunk of the span's source: it must not reach beyond the span, and if
// only the content's end has cut it off, the source must end there as well.
func (f *follower) whole(sp *span, to int64) bool {
	end := sp.At + sp.Size
	return to < end || to == end && (to < f.size || sp.From+sp.Size == sp.Source.Data.Size())
}

// skip passes over a chunk of the source. If the source can not be read the
// span is given up.
func (f *follower) skip(sp *span) {
	end, err := sp.cut()
	if err != nil {
		sp.terms = nil
		f.judge(wrong)
		return
	}
	f.judge(sp.step(end))
}

// endSpan goes to the end of the term in which the first span ends, to get a
// verdict on the chunks counted in it, and forgets the span.
func (f *follower) endSpan() {
	for len(f.pending) > 0 {
		f.skip(f.spans[0])
	}
	f.spans, f.opened = f.spans[1:], false
}

// judge hands on the pending chunks if the verdict on them is known.
func (f *follower) judge(v verdict) {
	if v == open {
		return
	}
	for _, c := range f.pending {
		if v == wrong {
			c.place = place{}
		}
		f.emit(c)
	}
	f.pending = f.pending[:0]
}

// end comes after the last chunk.
func (f *follower) end() {
	for len(f.spans) > 0 {
		f.endSpan()
	}
}
