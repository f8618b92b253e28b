package web

import (
	"fmt"
	"strconv"
	"time"
)

// Size writes bytes for people, in powers of 1000 as the Hub does.
func Size(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := scaled(n, "kMGTPE")
	return fmt.Sprintf("%.1f %cB", v, unit)
}

// Count writes a large number for people: 10.7B, 2.1M.
func Count(n int64) string {
	if n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	v, unit := scaled(n, "KMBTPE")
	return fmt.Sprintf("%.1f%c", v, unit)
}

// scaled divides n by the power of 1000 that leaves one to three digits before
// the point once it is rounded to one behind it.
func scaled(n int64, units string) (float64, byte) {
	v, i := float64(n)/1000, 0
	for v >= 999.95 && i+1 < len(units) {
		v, i = v/1000, i+1
	}
	return v, units[i]
}

// exact writes a number with its digits in groups.
func exact(n int64) string {
	s := strconv.FormatInt(n, 10)
	for at := len(s) - 3; at > 0; at -= 3 {
		s = s[:at] + "\u202f" + s[at:] // a narrow space that does not break
	}
	return s
}

// Day writes a date for people, in UTC.
func Day(t time.Time) string { return t.UTC().Format("2 Jan 2006") }
