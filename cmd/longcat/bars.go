package main

import (
	"io"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"longcat/hub"
)

// bars shows long work on a terminal: a line for each file under way, and one
// for all.
type bars struct {
	p     *mpb.Progress
	total *mpb.Bar

	mu       sync.Mutex
	started  int64 // bytes of all files so far
	expected int64 // bytes of all files, where that is known before
}

// bars starts a display, or nil where nobody looks; done ends it. verb names
// the total, expected is its size in bytes when that is known.
func (a *app) bars(verb string, expected int64) (p hub.Progress, done func()) {
	if !a.terminal || a.quiet || envTrue(a.lookup, "HF_HUB_DISABLE_PROGRESS_BARS") {
		return nil, func() {}
	}
	b := &bars{p: mpb.New(mpb.WithOutput(a.err), mpb.WithWidth(80)), expected: expected}
	b.total = b.p.AddBar(expected, barStyle(verb+" in all", mpb.BarPriority(1<<30))...)
	a.tellVia(b.p)
	return b, func() {
		a.tellVia(nil)
		b.total.EnableTriggerComplete()
		b.total.Abort(false)
		b.p.Wait()
	}
}

// tellVia writes lines for people above the bars, which would overwrite them.
func (a *app) tellVia(above io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.above = above
}

func barStyle(name string, more ...mpb.BarOption) []mpb.BarOption {
	return append(more,
		mpb.PrependDecorators(decor.Name(shorten(name, 40), decor.WCSyncSpaceR)),
		mpb.AppendDecorators(
			decor.Counters(decor.SizeB1000(0), "% .1f / % .1f", decor.WCSyncSpace),
			decor.AverageSpeed(decor.SizeB1000(0), "% .0f", decor.WCSyncSpace),
			decor.AverageETA(decor.ET_STYLE_GO, decor.WCSyncSpace),
		),
	)
}

// shorten keeps the end of a name, which tells shards apart.
func shorten(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return "…" + string(r[len(r)-n+1:])
	}
	return s
}

// Start implements hub.Progress.
func (b *bars) Start(verb, name string, size int64) hub.Meter {
	b.mu.Lock()
	b.started += size
	b.total.SetTotal(max(b.started, b.expected), false)
	b.mu.Unlock()
	m := &barMeter{all: b}
	if size >= 1<<20 { // small files would only flicker
		m.bar = b.p.AddBar(size, barStyle(verb+" "+name, mpb.BarRemoveOnComplete())...)
	}
	return m
}

type barMeter struct {
	all *bars
	bar *mpb.Bar // nil for a small file
}

func (m *barMeter) Add(n int64) {
	m.all.total.IncrInt64(n)
	if m.bar != nil {
		m.bar.IncrInt64(n)
	}
}

func (m *barMeter) Done() {
	if m.bar != nil {
		m.bar.Abort(true)
	}
}
