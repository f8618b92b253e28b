// Package units writes amounts the way people and the Hub write them: in powers
// of 1000, with at most one digit behind the point.
package units

import (
	"fmt"
	"strconv"
	"strings"
)

// Size writes a number of bytes: 557 B, 4.9 MB, 21.5 GB.
func Size(n int64) string {
	if -1000 < n && n < 1000 {
		return strconv.FormatInt(n, 10) + " B"
	}
	v, unit := scaled(n, "kMGTPE")
	return fmt.Sprintf("%.1f %cB", v, unit)
}

// Count writes a number of other things, such as parameters: 135M, 10.7B.
func Count(n int64) string {
	if -1000 < n && n < 1000 {
		return strconv.FormatInt(n, 10)
	}
	v, unit := scaled(n, "KMBTPE")
	return strings.TrimSuffix(fmt.Sprintf("%.1f", v), ".0") + string(unit)
}

// scaled divides n by the power of 1000 that leaves one to three digits before
// the point once it is rounded to one behind it.
func scaled(n int64, units string) (float64, byte) {
	v, i := float64(n)/1000, 0
	for (v >= 999.95 || v <= -999.95) && i+1 < len(units) {
		v, i = v/1000, i+1
	}
	return v, units[i]
}
