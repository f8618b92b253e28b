// Package terminal shows people how far long work is: a progress bar at the
// bottom of a terminal, a line every 30 seconds elsewhere, or events for programs.
package terminal

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

// Show is how progress is shown.
type Show struct {
	Bar   io.Writer                        // the terminal that a bar is drawn on; nil for none
	Event func(line string)                // takes a line of JSON now and then in place of text; nil for none
	Say   func(format string, args ...any) // takes lines for people
}

// Display shows the progress of one operation until Stop: as a bar on a terminal,
// as a line now and then elsewhere, or as events.
type Display struct {
	tally   *progress.Tally
	show    Show
	bar     *bar // on a terminal
	started time.Time
	stop    chan struct{}
	stopped sync.WaitGroup

	pace     progress.Pace
	resumed  bool      // people know that an earlier run had left something
	nextLine time.Time // when a line is due, where there is no bar

	nextEvent time.Time
}

// Start begins to draw what is reported to the display's Progress.
func Start(show Show) *Display {
	d := &Display{tally: &progress.Tally{}, show: show, started: time.Now(), stop: make(chan struct{})}
	if show.Bar != nil {
		d.bar = &bar{out: show.Bar, width: width(show.Bar)}
	}
	d.stopped.Go(d.run)
	return d
}

// Progress is where the operation reports how far it is.
func (d *Display) Progress() progress.Progress { return d.tally }

// Above writes lines above the bar, which would overwrite them; nil without one.
func (d *Display) Above() io.Writer {
	if d.bar == nil {
		return nil
	}
	return d.bar
}

// Stop shows the end, and nothing after it.
func (d *Display) Stop() {
	close(d.stop)
	d.stopped.Wait()
}

func (d *Display) run() {
	d.nextLine = d.started.Add(quietFor)
	ticker := time.NewTicker(redrawEvery)
	defer ticker.Stop()
	for {
		select {
		case now := <-ticker.C:
			d.look(now)
		case <-d.stop:
			s := d.tally.Snapshot()
			switch {
			case d.bar != nil:
				d.bar.end(s, summary(s, time.Since(d.started)))
			case d.show.Event != nil && s.Total > 0:
				d.show.Event(eventLine(s, 0))
			}
			return
		}
	}
}

// look draws how far the work is.
func (d *Display) look(now time.Time) {
	s := d.tally.Snapshot()
	if s.Total == 0 {
		return
	}
	rate := d.pace.Rate(now, s.Done-s.Found)
	if d.show.Event != nil {
		if !now.Before(d.nextEvent) {
			d.nextEvent = now.Add(eventEvery)
			d.show.Event(eventLine(s, rate))
		}
		return
	}
	if s.Found >= resumedWorthALine && s.Done > s.Found && !d.resumed {
		d.resumed = true
		d.show.Say("%s of %s were there already", units.Size(s.Found), units.Size(s.Total))
	}
	switch {
	case d.bar != nil:
		d.bar.draw(s, rate)
	case !now.Before(d.nextLine):
		d.nextLine = now.Add(lineEvery)
		d.show.Say("%s", line(s, rate))
	}
}

// width returns a function that reports the terminal's current width in
// columns.
func width(w io.Writer) func() int {
	return func() int {
		if f, ok := w.(*os.File); ok {
			if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
				return n
			}
		}
		return 80
	}
}
