package hub

import (
	"context"
	"errors"
	"time"

	"longcat/hub/cache"
	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
)

// A file that the Hub stores as chunks can come in two ways: as ranges of the
// whole, or as chunks. Which is faster is a matter of the network, of the
// servers and of this machine, so each way fetches a probe of a large file, and
// the faster one fetches the rest.
const (
	probeSize  = 32 << 20
	probedFrom = 8 // probes that a file must miss to be worth it
)

// fetchMissing fetches what the part misses. Chunks are used only where allowed:
// nothing tells of one chunk that it is right.
func (d *downloader) fetchMissing(ctx context.Context, f *File, part *cache.Part, chunksAllowed bool, meter Meter) error {
	ranges := func(s sink) error { return d.c.transfer(ctx, f, s, d.lim, meter) }
	probe := d.c.probe
	var missing int64
	for _, gap := range part.Missing() {
		missing += gap.Len()
	}
	if f.Xet == "" || !chunksAllowed || d.c.cfg.Rate > 0 || missing < probedFrom*probe {
		return ranges(part)
	}
	client, err := d.c.xet(ctx, f.Repo, f.Commit, xetRead, false)
	hash, herr := merkle.Parse(f.Xet)
	if client == nil || err != nil || herr != nil {
		return ranges(part)
	}
	chunks := func(gaps []cache.Extent) error { return d.chunks(ctx, client, hash, f, part, gaps, meter) }

	begun := time.Now()
	if err := ranges(below(part, probe)); err != nil {
		return err
	}
	if d.lim.isNear() {
		return ranges(part) // no network in between that fewer bytes would spare
	}
	byRanges := time.Since(begun)
	begun = time.Now()
	if err := chunks(below(part, probe).Missing()); err != nil || time.Since(begun) > byRanges {
		if err := fatal(ctx, err); err != nil {
			return err
		}
		return ranges(part)
	}
	if err := fatal(ctx, chunks(part.Missing())); err != nil {
		return err
	}
	return ranges(part) // nothing, unless the chunk store failed on the way
}

// fatal passes on the errors after which the other way would fail as well.
func fatal(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, new(*cache.WriteError)):
		return err
	}
	return nil
}

// chunks fetches gaps of the part from the chunk store. It may write more, since
// chunks do not end where gaps do.
func (d *downloader) chunks(ctx context.Context, client *xet.Client, hash merkle.Hash, f *File, part *cache.Part, gaps []cache.Extent, meter Meter) error {
	missing := make([]xet.Range, len(gaps))
	for i, gap := range gaps {
		missing[i] = xet.Range{From: gap.Start, To: gap.End}
	}
	return client.Download(ctx, xet.Download{
		File: hash, Size: f.Size, To: part, Missing: missing,
		Workers: d.lim.most, Wrote: func(n int) { meter.Add(int64(n)) },
	})
}

// head is the part of a sink below an offset.
type head struct {
	sink
	end int64
}

// below cuts a sink so that it misses n bytes, the first ones.
func below(s sink, n int64) sink {
	for _, gap := range s.Missing() {
		if n <= gap.Len() {
			return head{s, gap.Start + n}
		}
		n -= gap.Len()
	}
	return s
}

// Missing implements sink.
func (h head) Missing() (gaps []cache.Extent) {
	for _, gap := range h.sink.Missing() {
		gap.End = min(gap.End, h.end)
		if gap.Len() > 0 {
			gaps = append(gaps, gap)
		}
	}
	return gaps
}
