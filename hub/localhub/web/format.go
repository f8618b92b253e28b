package web

import (
	"strconv"
	"time"
)

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
