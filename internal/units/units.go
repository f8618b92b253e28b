// Package units writes amounts the way people and the Hub write them, in powers
// of 1000 with at most one digit behind the point, and reads sizes.
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

var sizeUnits = map[string]float64{
	"": 1, "b": 1, "k": 1e3, "kb": 1e3, "m": 1e6, "mb": 1e6, "g": 1e9, "gb": 1e9, "t": 1e12, "tb": 1e12,
	"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
}

// ParseSize reads "5GB", "500 MB", "4GiB" or a plain number of bytes.
func ParseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	v, err := strconv.ParseFloat(digits, 64)
	unit, ok := sizeUnits[strings.ToLower(strings.TrimSpace(s[len(digits):]))]
	if err != nil || !ok || !(v*unit >= 1) || v*unit > 1<<60 {
		return 0, fmt.Errorf("%q is not a size such as 500MB or 5GB", s)
	}
	return int64(v * unit), nil
}

// ExactSize writes a number of bytes exactly, as short as that goes: "2GB". It
// is what ParseSize reads.
func ExactSize(n int64) string {
	for _, u := range []struct {
		bytes int64
		name  string
	}{{1e9, "GB"}, {1 << 30, "GiB"}, {1e6, "MB"}, {1 << 20, "MiB"}, {1e3, "KB"}, {1 << 10, "KiB"}} {
		if n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
