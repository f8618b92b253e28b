package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/rivo/uniseg"
	"github.com/schollz/progressbar/v3"

	"longcat/internal/progress"
)

// bar is the one line at the bottom of a terminal that shows how far an
// operation is. Lines for people are written above it, through Write.
type bar struct {
	out   io.Writer
	width func() int // columns of the terminal now

	mu    sync.Mutex
	frame string // what was drawn last; "" when nothing is shown
}

// draw shows how far the work is.
func (b *bar) draw(s progress.Snapshot, rate float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	columns := b.width()
	saucer := saucerWidth(columns)
	const around = len("  42% ||  ") + 2 // the last column stays free: some terminals would begin a new line
	b.show(s, saucer, fitted(s, rate, columns-saucer-around))
}

// end draws the bar for the last time and leaves it on the screen.
func (b *bar) end(s progress.Snapshot, summary string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.Total == 0 {
		return
	}
	b.show(s, saucerWidth(b.width()), summary)
	fmt.Fprintln(b.out)
	b.frame = ""
}

// saucerWidth is how many columns of a terminal the bar itself takes.
func saucerWidth(columns int) int { return min(max((columns-50)/3, 6), 24) }

// show draws a frame. Each has a progressbar of its own: the one of a terminal
// that was resized is narrower, and one that was full can not have more to do.
func (b *bar) show(s progress.Snapshot, saucer int, text string) {
	var drawn strings.Builder
	p := progressbar.NewOptions64(max(s.Total, 1),
		progressbar.OptionSetWriter(&drawn), progressbar.OptionSetWidth(saucer),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "|", BarEnd: "|"}),
		progressbar.OptionSetDescription(text), progressbar.OptionShowDescriptionAtLineEnd(),
	)
	if p.Set64(min(s.Done, s.Total)) == nil && drawn.Len() == 0 { // it draws itself from one percent on
		_ = p.RenderBlank()
	}
	b.write(b.erase() + strings.TrimRight(drawn.String(), " "))
	b.frame = drawn.String()
}

// erase removes the frame, of which a terminal that became narrower has made
// several lines.
func (b *bar) erase() string {
	if b.frame == "" {
		return "\r\x1b[J"
	}
	up := ""
	if rows := (uniseg.StringWidth(strings.TrimRight(strings.TrimPrefix(b.frame, "\r"), " ")) - 1) / max(b.width(), 1); rows > 0 {
		up = fmt.Sprintf("\x1b[%dA", rows)
	}
	return "\r" + up + "\x1b[J"
}

// Write writes whole lines above the bar.
func (b *bar) Write(lines []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.frame == "" {
		return b.out.Write(lines)
	}
	b.write(b.erase() + string(bytes.TrimRight(lines, "\n")) + "\n" + strings.TrimRight(b.frame, " "))
	return len(lines), nil
}

// write writes at once, so that nothing flickers.
func (b *bar) write(s string) { _, _ = io.WriteString(b.out, s) }
