package main

import (
	"io"
	"os"
	"sync"

	"github.com/vbauerster/cupwriter"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"longcat/hub"
)

// bars shows long work on a terminal: a line for each file under way, and one
// for all.
type bars struct {
	p    *mpb.Progress
	verb string

	mu       sync.Mutex
	total    *mpb.Bar // nil until there is work
	live     map[*mpb.Bar]bool
	started  int64 // bytes of all files so far
	expected int64 // bytes of all files, where that is known before
}

// bars starts a display, or nil where nobody looks; done ends it. verb names
// the total, expected is its size in bytes when that is known.
func (a *app) bars(verb string, expected int64) (p hub.Progress, done func()) {
	if !a.terminal || a.quiet || envTrue(a.lookup, "HF_HUB_DISABLE_PROGRESS_BARS") {
		return nil, func() {}
	}
	console := cupwriter.New(fromLineStart{a.err}, false)
	if f, ok := a.err.(*os.File); ok {
		console.SetTermFd(int(f.Fd()))
	}
	b := &bars{
		p: mpb.New(mpb.WithConsoleWriter(console), mpb.WithWidth(80)), verb: verb,
		live: map[*mpb.Bar]bool{}, expected: expected,
	}
	a.tellVia(b.p)
	return b, func() {
		b.end()
		a.tellVia(nil)
	}
}

// progress shows long work, one stage at a time; nil where nobody looks.
func (a *app) progress() hub.Progress {
	if !a.terminal || a.quiet || envTrue(a.lookup, "HF_HUB_DISABLE_PROGRESS_BARS") {
		return nil
	}
	return &stages{app: a}
}

// stages is a longcat.Stager with bars for the stage that is under way.
type stages struct {
	app *app
	mu  sync.Mutex
	now hub.Progress // of the stage, nil between two
}

// Stage implements longcat.Stager.
func (s *stages) Stage(verb string, total int64) (end func()) {
	b, done := s.app.bars(verb, total)
	s.set(b)
	return func() {
		s.set(nil)
		done()
	}
}

func (s *stages) set(p hub.Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = p
}

// Start implements hub.Progress.
func (s *stages) Start(verb, name string, size int64) hub.Meter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == nil {
		return noMeter{}
	}
	return s.now.Start(verb, name, size)
}

// noMeter counts work that is too short to be shown.
type noMeter struct{}

func (noMeter) Add(int64) {}
func (noMeter) Done()     {}

// fromLineStart redraws from the start of a line, wherever the terminal's echo
// of Ctrl-C left the cursor.
type fromLineStart struct{ io.Writer }

func (w fromLineStart) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(append([]byte{'\r'}, p...))
	return max(n-1, 0), err
}

// end leaves the total as it stands. Files that were cut short have no line
// any more.
func (b *bars) end() {
	b.mu.Lock()
	for bar := range b.live {
		bar.Abort(true)
	}
	if b.total != nil {
		b.total.EnableTriggerComplete()
		b.total.Abort(false)
	}
	b.mu.Unlock()
	b.p.Wait()
}

// tellVia writes lines for people above the bars, which would overwrite them.
func (a *app) tellVia(above io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.above = above
}

func barStyle(name string, more ...mpb.BarOption) []mpb.BarOption {
	var p pace
	return append(more,
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(amounts, decor.WCSyncSpace), decor.Any(p.speed, decor.WCSyncSpace), decor.Any(p.left, decor.WCSyncSpace)),
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
func (b *bars) Start(_, name string, size int64) hub.Meter {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started += size
	all := max(b.started, b.expected)
	if b.total == nil {
		b.total = b.p.AddBar(all, barStyle(b.verb+" in all", mpb.BarPriority(1<<30))...)
	}
	b.total.SetTotal(all, false)
	m := &barMeter{all: b}
	if size >= 1<<20 { // small files would only flicker
		m.bar = b.p.AddBar(size, barStyle(shorten(name, 36), mpb.BarRemoveOnComplete())...)
		b.live[m.bar] = true
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
	if m.bar == nil {
		return
	}
	m.bar.Abort(true)
	m.all.mu.Lock()
	defer m.all.mu.Unlock()
	delete(m.all.live, m.bar)
}
