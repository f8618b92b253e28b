// Package plaintext sanitises untrusted text, such as a server's answer or
// somebody else's card, so that it is safe to print: control characters and
// escape sequences that steer a terminal, and marks that turn the writing
// direction, are removed; secrets and signed URLs are redacted.
package plaintext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Line is s on one line of at most limit bytes: control characters and runs of
// space become one space, and "…" replaces what is cut off.
func Line(s string, limit int) string {
	if most := 8 * limit; len(s) > most { // what is cut off need not be looked at
		s = s[:most]
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r) || r == 0x2028 || r == 0x2029:
			return ' '
		case invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	cut := max(0, limit)
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.TrimRight(s[:cut], " ") + "…"
}

// Printable is s of any number of lines without what would steer a terminal or
// deceive its reader: of the control characters only tabs and line breaks stay.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return '\n'
		case unicode.IsControl(r) || invisible(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

// Shorten is s, or its first characters and "…", n in all.
func Shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// invisible says whether r shows nothing itself and changes how the text around
// it reads: direction marks and overrides, the byte-order mark, tag characters.
// Source: Unicode UAX #9 (explicit directional formatting).
func invisible(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r == 0x200e || r == 0x200f || r == 0x061c || r == 0xfeff || r >= 0xe0000 && r <= 0xe007f
}

// Redacted is s without secrets: the given ones, tokens of a known form, and of
// each URL the password and the query, which may hold a signature.
func Redacted(s string, secrets ...string) string {
	for _, secret := range secrets {
		s = Without(s, secret)
	}
	s = token.ReplaceAllString(s, "${1}(token)")
	s = password.ReplaceAllString(s, "$1")
	return query.ReplaceAllString(s, "?…")
}

var (
	// token finds Hugging Face's own tokens, JSON web tokens (Xet's), and what
	// follows "Bearer".
	token = regexp.MustCompile(`\b(Bearer +)[^\s"'<>,;]+|\b()(?:hf_[A-Za-z0-9]{16,}|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]+)*)`)

	// password finds "user:password@" within a URL.
	password = regexp.MustCompile(`\b([a-z][a-z0-9+.-]*://)[^\s/?#@"'<>]+@`)

	// query finds the query of a URL, absolute or relative.
	query = regexp.MustCompile(`\?[^\s"'<>?]*=[^\s"'<>]*`)
)

// shortSecret is the length in bytes below which a secret is only taken out
// as a whole word: "tok" is a part of many words.
const shortSecret = 8

// Without is s with "(token)" in place of a secret.
func Without(s, secret string) string {
	if secret == "" || !strings.Contains(s, secret) {
		return s
	}
	const mark = "(token)"
	if len(secret) >= shortSecret {
		return strings.ReplaceAll(s, secret, mark)
	}
	var b strings.Builder
	for at := 0; ; {
		i := strings.Index(s[at:], secret)
		if i < 0 {
			b.WriteString(s[at:])
			return b.String()
		}
		from, to := at+i, at+i+len(secret)
		before, _ := utf8.DecodeLastRuneInString(s[:from])
		after, _ := utf8.DecodeRuneInString(s[to:])
		b.WriteString(s[at:from])
		if wordRune(before) || wordRune(after) {
			b.WriteString(secret)
		} else {
			b.WriteString(mark)
		}
		at = to
	}
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
