package main

import (
	"io"

	"longcat/internal/progress"
	"longcat/internal/terminal"
)

// progress shows one operation until endProgress. It is nil where progress is
// off.
func (a *app) progress() progress.Progress {
	hidden := a.quiet || envTrue(a.lookup, "HF_HUB_DISABLE_PROGRESS_BARS")
	if a.show == "none" || hidden && a.show != "json" {
		return nil
	}
	a.endProgress()
	show := terminal.Show{Say: a.say}
	switch {
	case a.show == "json":
		show.Event = a.tell
	case a.show == "bar", a.terminal && a.show != "lines":
		show.Bar = a.err
	}
	d := terminal.Start(show)
	if above := d.Above(); above != nil {
		a.tellVia(above)
	}
	a.ending = func() {
		d.Stop()
		a.tellVia(nil)
	}
	return d.Progress()
}

// endProgress ends what progress began, before results or errors are printed.
func (a *app) endProgress() {
	if a.ending != nil {
		a.ending()
		a.ending = nil
	}
}

// tellVia writes lines for people above the bar.
func (a *app) tellVia(above io.Writer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.above = above
}
