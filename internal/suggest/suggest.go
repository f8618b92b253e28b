// Package suggest finds the word that somebody meant, for "did you mean …?" in
// messages, by edit distance (Levenshtein with swaps).
package suggest

import (
	"strings"
	"unicode/utf8"
)

// maxWord bounds the words that are compared, in bytes: the work grows with
// the product of their lengths.
const maxWord = 64

// Nearest is the known word that takes the fewest edits from word, the first of
// several; "" when none is alike. Case is ignored, and "_", " " and "-" are the
// same.
func Nearest(word string, known []string) string {
	word = fold(word)
	if len(word) > maxWord {
		return ""
	}
	best, least := "", min(utf8.RuneCountInString(word)/2, 4)+1
	for _, k := range known {
		if d := distance(word, fold(k), least); d < least {
			best, least = k, d
		}
	}
	return best
}

// Edits is how many edits lead from one word to the other, at most 5.
func Edits(a, b string) int {
	if max(len(a), len(b)) > maxWord {
		return 5
	}
	return distance(fold(a), fold(b), 5)
}

var sameSign = strings.NewReplacer("_", "-", " ", "-")

func fold(s string) string { return sameSign.Replace(strings.ToLower(s)) }

// distance is how many edits (a character inserted, removed or replaced, two
// neighbours swapped) lead from a to b, or limit when it is that or more.
// Source: the optimal string alignment distance after Damerau and Levenshtein.
func distance(a, b string, limit int) int {
	from, to := []rune(a), []rune(b)
	if max(len(from)-len(to), len(to)-len(from)) >= limit {
		return limit
	}
	before, last, row := make([]int, len(to)+1), make([]int, len(to)+1), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i, c := range from {
		row[0] = i + 1
		for j, d := range to {
			cost := 1
			if c == d {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && c == to[j-1] && from[i-1] == d {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(to)], limit)
}
