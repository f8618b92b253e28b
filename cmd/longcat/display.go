package main

import (
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"longcat/internal/progress"
	"longcat/internal/units"
)

// How often progress is shown: on a terminal, and elsewhere, where work of less
// than quietFor is not worth a line.
const (
	redrawEvery = 200 * time.Millisecond
	lineEvery   = 30 * time.Second
	quietFor    = time.Minute
	eventEvery  = time.Second
)

// resumedWorthALine is the number of bytes from which a line reports what a
// resumed operation found already done.
const resumedWorthALine = 1 << 20

// progress shows one operation until endProgress: as a bar on a terminal, as a
// line now and then elsewhere. It is nil where progress is off.
func (a *app) progress() progress.Progress {
	hidden := a.quiet || envTrue(a.lookup, "HF_HUB_DISABLE_PROGRESS_BARS")
	if a.show == "none" || hidden && a.show != "json" {
		return nil
	}
	a.endProgress()
	d := &display{tally: &progress.Tally{}, say: a.say, started: time.Now(), stop: make(chan struct{})}
	switch {
	case a.show == "json":
		d.event = a.tell
	case a.show == "bar", a.terminal && a.show != "lines":
		d.bar = &bar{out: a.err, width: terminalWidth(a.err)}
		a.tellVia(d.bar)
	}
	var stopped sync.WaitGroup
	stopped.Go(d.run)
	a.ending = func() {
		close(d.stop)
		stopped.Wait()
		a.tellVia(nil)
	}
	return d.tally
}

// endProgress ends what progress began, before results or errors are printed.
func (a *app) endProgress() {
	if a.ending != nil {
		a.ending()
		a.ending = nil
	}
}

// tellVia writes lines for people above the bar, which would overwrite them.
func (a *app) tellVia(above io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.above = above
}

// display looks at a tally from time to time and shows what it sees.
type display struct {
	tally   *progress.Tally
	say     func(format string, args ...any)
	bar     *bar              // on a terminal
	event   func(line string) // for programs
	started time.Time
	stop    chan struct{}

	pace     progress.Pace
	resumed  bool      // people know that an earlier run had left something
	nextLine time.Time // when a line is due, where there is no bar

	nextEvent time.Time
}

func (d *display) run() {
	d.nextLine = d.started.Add(quietFor)
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			d.show(now)
		case <-d.stop:
			s := d.tally.Snapshot()
			switch {
			case d.bar != nil:
				d.bar.end(s, summary(s, time.Since(d.started)))
			case d.event != nil && s.Total > 0:
				d.event(eventLine(s, 0))
			}
			return
		}
	}
}

// show shows how far the work is at a time.
func (d *display) show(now time.Time) {
	s := d.tally.Snapshot()
	if s.Total == 0 {
		return
	}
	rate := d.pace.Rate(now, s.Done-s.Found)
	if d.event != nil {
		if !now.Before(d.nextEvent) {
			d.nextEvent = now.Add(eventEvery)
			d.event(eventLine(s, rate))
		}
		return
	}
	if s.Found >= resumedWorthALine && s.Done > s.Found && !d.resumed {
		d.resumed = true
		d.say("%s of %s were there already", units.Size(s.Found), units.Size(s.Total))
	}
	switch {
	case d.bar != nil:
		d.bar.draw(s, rate)
	case !now.Before(d.nextLine):
		d.nextLine = now.Add(lineEvery)
		d.say("%s", line(s, rate))
	}
}

// terminalWidth returns a function that reports the terminal's current width in
// columns.
func terminalWidth(w io.Writer) func() int {
	return func() int {
		if f, ok := w.(*os.File); ok {
			if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
				return n
			}
		}
		return 80
	}
}
