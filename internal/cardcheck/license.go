package cardcheck

import (
	"slices"
	"strings"
	"unicode"

	"longcat/internal/suggest"
)

// licenseMeant is the one licence id that a misspelt one can mean, or "". It is
// never another licence: the words have to be the same, but for a typo in a long
// one, and so has the version. "llama5" does not mean llama2, "cc-by-nc" none of
// its versions, and "lgpl" is not gpl.
func licenseMeant(s string) string {
	words, version := licenseParts(s)
	if len(words) == 0 {
		return ""
	}
	meant := ""
	for _, id := range LicenseIDs() {
		have, number := licenseParts(id)
		if !slices.EqualFunc(words, have, sameWord) || len(version) > len(number) || !slices.Equal(version, number[:len(version)]) {
			continue
		}
		if len(version) == len(number) && slices.Equal(words, have) {
			return id
		}
		if meant != "" {
			return ""
		}
		meant = id
	}
	return meant
}

// typoLength is how many letters a word needs for a typo in it to be certain.
const typoLength = 5

func sameWord(a, b string) bool {
	return a == b || max(len(a), len(b)) >= typoLength && suggest.Edits(a, b) == 1
}

// licenseParts takes an id apart into words, sorted, and numbers; words that
// tell no licence from another are left out.
func licenseParts(id string) (words, numbers []string) {
	for _, part := range splitLicense(strings.ToLower(id)) {
		switch {
		case unicode.IsDigit(rune(part[0])):
			for strings.HasSuffix(part, ".0") {
				part = strings.TrimSuffix(part, ".0")
			}
			numbers = append(numbers, part)
		case !slices.Contains([]string{"license", "licence", "version", "v", "the", "clause", "only"}, part):
			words = append(words, part)
		}
	}
	slices.Sort(words)
	return words, numbers
}

// splitLicense cuts between letters and digits; "3.0" stays whole.
func splitLicense(id string) []string {
	var parts []string
	last := ' '
	for _, r := range id {
		digit, letter := unicode.IsDigit(r), unicode.IsLetter(r) || r == '+'
		switch {
		case r == '.' && unicode.IsDigit(last), digit && (unicode.IsDigit(last) || last == '.' && len(parts) > 0 && unicode.IsDigit(rune(parts[len(parts)-1][0]))),
			letter && (unicode.IsLetter(last) || last == '+'):
			parts[len(parts)-1] += string(r)
		case digit || letter:
			parts = append(parts, string(r))
		}
		last = r
	}
	for i, part := range parts {
		parts[i] = strings.TrimSuffix(part, ".")
	}
	return parts
}
