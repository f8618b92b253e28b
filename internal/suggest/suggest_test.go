package suggest_test

import (
	"strings"
	"testing"

	"longcat/internal/suggest"
)

func TestNearest(t *testing.T) {
	known := []string{"passthrough", "slerp", "ties", "dare_ties", "float16", "bfloat16", "text-generation", "publish"}
	for word, want := range map[string]string{
		"pastrough":        "passthrough",
		"slrep":            "slerp", // two neighbours swapped are one edit
		"DARE-TIES":        "dare_ties",
		"dare ties":        "dare_ties",
		"bfloat61":         "bfloat16",
		"float":            "float16",
		"text generation":  "text-generation",
		"pubish":           "publish",
		"karcher":          "",
		"x":                "",
		"":                 "",
		"ünïcödé":          "",
		"publishpublishpu": "",
	} {
		if got := suggest.Nearest(word, known); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}

// A long word from outside costs no time.
func TestNearestLong(t *testing.T) {
	long := strings.Repeat("slerp", 1<<20)
	if got := suggest.Nearest(long, []string{"slerp", long}); got != "" {
		t.Errorf("suggested a word of %d bytes", len(got))
	}
}
