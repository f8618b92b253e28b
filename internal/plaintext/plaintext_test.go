package plaintext_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"longcat/internal/plaintext"
)

func TestLine(t *testing.T) {
	for s, want := range map[string]string{
		"plain":                     "plain",
		" two\r\n\tlines ":          "two lines",
		"\x1b[31mred\x1b[0m":        "[31mred [0m",
		"a\u0085b\u2028c":           "a b c",
		"evil\u202egnp.exe\u2066":   "evilgnp.exe",
		"\xff\xfe bytes":            "? bytes",
		"0123456789012345678901234": "01234567890123456789…",
		"0123456789 12345678 € €":   "0123456789 12345678…",
	} {
		if got := plaintext.Line(s, 20); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	if got := plaintext.Line("äääääääääääää", 5); got != "ää…" {
		t.Errorf("cut within a character: %q", got)
	}
}

func TestPrintable(t *testing.T) {
	got := plaintext.Printable("a\tb\r\nc\x1b]0;title\x07\u202ed")
	if want := "a\tb\n\nc]0;titled"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRedacted(t *testing.T) {
	for _, c := range []struct{ text, secret, want string }{
		{"the token tok is not valid", "tok", "the token (token) is not valid"},
		{"https://h/x?token=tok#tok", "tok", "https://h/x?…"},
		{"sent longer-secret-1here", "longer-secret-1", "sent (token)here"},
		{"nothing", "", "nothing"},
		{"GET https://bucket.s3/x?X-Amz-Signature=abc&d=1 failed", "", "GET https://bucket.s3/x?… failed"},
		{`Get "/x?sig=1": EOF`, "", `Get "/x?…": EOF`},
		{"what is this? a=b", "", "what is this? a=b"},
		{"https://me:pass@host/x and http://user@h", "", "https://host/x and http://h"},
		{"Authorization: Bearer abc.def", "", "Authorization: Bearer (token)"},
		{"hf_abcdefghijklmnop is bad", "", "(token) is bad"},
		{"hf_transfer and hf_hub stay", "", "hf_transfer and hf_hub stay"},
		{"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", "", "jwt (token)"},
		{"me@example.com", "", "me@example.com"},
	} {
		if got := plaintext.Redacted(c.text, c.secret); got != c.want {
			t.Errorf("%q without %q: %q, want %q", c.text, c.secret, got, c.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\nb\u202e\x1b[2J\xff", 3)
	f.Add(strings.Repeat("ä", 50), 11)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 1<<16 {
			return
		}
		got := plaintext.Line(s, limit)
		if len(got) > limit+len("…") || !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Errorf("%q, limit %d: %q", s, limit, got)
		}
	})
}
