package units_test

import (
	"math"
	"testing"

	"longcat/internal/units"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 999_999_999: "1.0 GB",
		21_463_143_733: "21.5 GB", math.MaxInt64: "9.2 EB", -5: "-5 B", -2_500_000: "-2.5 MB",
	} {
		if got := units.Size(n); got != want {
			t.Errorf("%d bytes: %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1K", 134_515_008: "134.5M", 135_000_000: "135M", 999_999_999: "1B",
		10_731_524_096: "10.7B", 1_500_000_000_000: "1.5T", -1500: "-1.5K",
	} {
		if got := units.Count(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "500MB": 500e6, "500 mb": 500e6, "2GB": 2e9, "4GiB": 4 << 30, "1.5k": 1500, "1048576": 1 << 20,
	} {
		got, err := units.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
		if again, err := units.ParseSize(units.ExactSize(got)); err != nil || again != got {
			t.Errorf("%d is written as %q, which reads as %d, %v", got, units.ExactSize(got), again, err)
		}
	}
	for _, text := range []string{"", "0", "-5", "5 parsecs", "0.1", "NaN", "1e30", "GB"} {
		if got, err := units.ParseSize(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}
