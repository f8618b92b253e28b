package xet

import (
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"longcat/hub/xet/merkle"
)

// A Range is of the bytes From to To-1.
type Range struct{ From, To int64 }

// A Download says what to put where.
type Download struct {
	File    merkle.Hash
	Size    int64       // bytes of the whole file
	To      io.WriterAt // gets the bytes at their places, in any order, from several goroutines
	Missing []Range     // what to bring, in ascending order; all when nil
	Workers int         // connections at a time; 8 when 0
	Wrote   func(n int) // is told of n bytes more, from several goroutines; may be nil
}

// window is how much of a file is asked for at once: the signed addresses last
// an hour or so, and the answer should be small.
var window int64 = 1 << 30 // a variable for the tests' sake

// Download brings a file, or what is missing of it: the parts in parallel, each
// chunk unpacked and written in its place as it arrives. What comes can be kept
// before the rest has come; a later Download brings what is Missing then.
//
// If all is brought the chunks are hashed on the way (for which forty bytes a
// chunk are kept), and nil means that the content is what File names. If only
// parts are, what each chunk says of itself is checked, and it is left to the
// caller to check the whole. Content that is wrong gives a *CorruptError.
func (c *Client) Download(ctx context.Context, d Download) error {
	whole := d.Missing == nil
	if whole {
		d.Missing = []Range{{0, d.Size}}
	}
	if d.Workers == 0 {
		d.Workers = 8
	}
	var parts []*piece // in the file's order, if whole
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(d.Workers + 1)
	g.Go(func() error {
		return c.windows(ctx, d, func(w *source, pieces []*piece) {
			if whole {
				parts = append(parts, pieces...)
			}
			for _, j := range w.jobs(pieces) {
				g.Go(func() error { return c.run(ctx, j, d) })
			}
		})
	})
	if err := g.Wait(); err != nil {
		return err
	}
	if !whole {
		return nil
	}
	var tree merkle.Tree
	for _, p := range parts {
		for _, leaf := range p.leaves {
			tree.Add(leaf)
		}
	}
	if got := tree.File(); got != d.File {
		return &CorruptError{What: "file " + d.File.String(), Reason: "what came has the hash " + got.String()}
	}
	return nil
}

// windows asks for one stretch of the file after the other and hands out the
// pieces that hold missing bytes.
func (c *Client) windows(ctx context.Context, d Download, visit func(*source, []*piece)) error {
	missing := d.Missing
	for at := int64(0); ; {
		for len(missing) > 0 && missing[0].To <= at {
			missing = missing[1:]
		}
		if len(missing) == 0 {
			return nil
		}
		at = max(at, missing[0].From)
		w := &source{client: c, file: d.File, asked: Range{at, min(at+window, d.Size)}}
		if err := w.renew(ctx); err != nil {
			return err
		}
		at -= w.answer.Offset
		var pieces []*piece
		for _, term := range w.answer.Terms {
			p := &piece{term: term, at: at}
			at += term.Size
			if overlaps(missing, p.at, at) {
				pieces = append(pieces, p)
			}
		}
		if at <= w.asked.From || at > d.Size || at < w.asked.To {
			return &CorruptError{
				What:   "file " + d.File.String(),
				Reason: fmt.Sprintf("its parts from byte %d on reach to %d, want %d to %d", w.asked.From, at, w.asked.To, d.Size),
			}
		}
		visit(w, pieces)
	}
}

func overlaps(ranges []Range, from, to int64) bool {
	for _, r := range ranges {
		if r.From >= to {
			return false
		}
		if r.To > from {
			return true
		}
	}
	return false
}
