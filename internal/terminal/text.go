package terminal

import (
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"longcat/internal/progress"
	"longcat/internal/units"
)

// line says how far work is, where there is no bar.
func line(s progress.Snapshot, rate float64) string {
	said := []string{fmt.Sprintf("%d%%", int64(float64(s.Done)/float64(s.Total)*100)), amounts(s)}
	if rate >= 1 {
		said = append(said, speed(rate), left(s, rate)+" left")
	}
	return strings.Join(append(said, current(s)), ", ")
}

// fitted is the text beside a progress bar: the most important first, as much as
// fits into room columns.
func fitted(s progress.Snapshot, rate float64, room int) string {
	text := amounts(s)
	if rate >= 1 {
		long := text + ", " + speed(rate) + ", " + left(s, rate) + " left"
		short := text + " " + speed(rate)
		switch {
		case len(long) <= room:
			text = long
		case len(short)+len(left(s, rate)) < room:
			text = short + " " + left(s, rate)
		case len(short) <= room:
			text = short
		}
	}
	const worthwhile = 12 // columns
	if rest := room - len(text) - len(", "); rest >= worthwhile {
		text += ", " + shorten(current(s), rest)
	}
	return text
}

// amounts is what is done of how much: 4.2/10.7 GB.
func amounts(s progress.Snapshot) string {
	done, all := rounded(s.Done), rounded(s.Total)
	number, unit, _ := strings.Cut(done, " ")
	if strings.HasSuffix(all, " "+unit) {
		return number + "/" + all
	}
	return done + "/" + all
}

func speed(rate float64) string { return rounded(int64(rate)) + "/s" }

// rounded is a size without a point where there are three digits before it.
func rounded(n int64) string {
	number, unit, _ := strings.Cut(units.Size(n), " ")
	if whole, _, ok := strings.Cut(number, "."); ok && len(whole) >= 3 {
		number = whole
	}
	return number + " " + unit
}

// left is how long the rest takes at a rate.
func left(s progress.Snapshot, rate float64) string {
	return duration(time.Duration(min(float64(s.Total-s.Done)/rate, 1e7)) * time.Second)
}

// duration writes a time with two units at most: 45s, 3m12s, 2h05m.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// current names the work that is under way.
func current(s progress.Snapshot) string {
	text := s.Kind
	if s.Name != "" {
		text += " " + path.Base(s.Name)
	}
	if s.Others > 0 {
		text += fmt.Sprintf(" and %d more", s.Others)
	}
	return text
}

// shorten keeps the beginning and the end of a text, by which shards differ.
func shorten(s string, columns int) string {
	if uniseg.StringWidth(s) <= columns {
		return s
	}
	r := []rune(s)
	head := columns / 3
	for tail := min(columns-head-1, len(r)); tail > 0; tail-- {
		if short := string(r[:head]) + "…" + string(r[len(r)-tail:]); uniseg.StringWidth(short) <= columns {
			return short
		}
	}
	return ""
}

// summary is what the bar says when the work has ended.
func summary(s progress.Snapshot, took time.Duration) string {
	text := rounded(s.Total)
	if s.Done < s.Total {
		text = amounts(s)
	}
	text += " in " + duration(took)
	if moved := s.Done - s.Found; moved > 0 && took > time.Second {
		text += ", " + speed(float64(moved)/took.Seconds())
	}
	return text
}
