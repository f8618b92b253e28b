// Package gitmatch matches paths with the patterns of .gitignore and
// .gitattributes as git does. Paths are relative and have forward slashes.
// Sources: gitignore(5), gitattributes(5), and what git check-ignore and git
// check-attr answer, which the tests ask.
package gitmatch

import "strings"

// wildmatch matches text with a glob in which "*", "?" and sets match no slash,
// and "**" as a whole element stands for any number of directories. It works on
// bytes, as git does, and takes at most len(pattern) times len(text) steps.
func wildmatch(pattern, text string) bool {
	// Where to go on when what follows the last "*" or "**/" does not match:
	// the wildcard takes one byte, or one directory, more. One of each is enough,
	// since the earliest match leaves the most to the rest.
	type resume struct{ p, t int }
	star, dirs := resume{-1, 0}, resume{-1, 0}
	p, t := 0, 0
	for p < len(pattern) || t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			end := p + 1
			for end < len(pattern) && pattern[end] == '*' {
				end++
			}
			whole := end-p > 1 && (p == 0 || pattern[p-1] == '/')
			switch {
			case whole && end == len(pattern):
				return true
			case whole && pattern[end] == '/':
				p = end + 1
				dirs, star = resume{p, t}, resume{-1, 0}
			default:
				p = end
				star = resume{p, t}
			}
			continue
		}
		if p < len(pattern) && t < len(text) {
			if n := matchByte(pattern[p:], text[t]); n > 0 {
				p += n
				t++
				continue
			}
		}
		switch {
		case star.p >= 0 && star.t < len(text) && text[star.t] != '/':
			star.t++
			p, t = star.p, star.t
		case dirs.p >= 0:
			slash := strings.IndexByte(text[dirs.t:], '/')
			if slash < 0 {
				return false
			}
			dirs.t += slash + 1
			star.p = -1
			p, t = dirs.p, dirs.t
		default:
			return false
		}
	}
	return true
}

// matchByte is the length of the pattern's first element, if it matches c; else
// it is 0, as for a pattern that is not whole.
func matchByte(pattern string, c byte) int {
	switch {
	case pattern[0] == '?' && c != '/':
		return 1
	case pattern[0] == '[':
		if ok, n := matchSet(pattern, c); ok && c != '/' {
			return n
		}
	case pattern[0] == '\\' && len(pattern) > 1 && pattern[1] == c:
		return 2
	case pattern[0] == c && c != '\\' && c != '?':
		return 1
	}
	return 0
}

// matchSet matches c with the set that the pattern begins with, such as
// "[abc]", "[!a-c]" or "[^[:digit:]]". n is the set's length. A set that does
// not end, or names an unknown class, matches nothing.
func matchSet(pattern string, c byte) (ok bool, n int) {
	i := 1
	negated := i < len(pattern) && (pattern[i] == '!' || pattern[i] == '^')
	if negated {
		i++
	}
	matched := false
	var last byte // may begin a range; 0 may not
	for first := true; ; first = false {
		switch {
		case i >= len(pattern):
			return false, 0
		case pattern[i] == ']' && !first:
			return matched != negated, i + 1
		case pattern[i] == '-' && last != 0 && i+1 < len(pattern) && pattern[i+1] != ']':
			i++
			if pattern[i] == '\\' {
				i++
			}
			if i >= len(pattern) {
				return false, 0
			}
			matched = matched || (last <= c && c <= pattern[i])
			last = 0
		case strings.HasPrefix(pattern[i:], "[:"):
			end := strings.IndexByte(pattern[i+2:], ']')
			if end < 0 {
				return false, 0
			}
			name, isClass := strings.CutSuffix(pattern[i+2:i+2+end], ":")
			if !isClass { // "[" is a plain member
				matched = matched || c == '['
				last = '['
				break
			}
			in, known := classes[name]
			if !known {
				return false, 0
			}
			matched = matched || in(c)
			last = 0
			i += 2 + end
		default:
			if pattern[i] == '\\' {
				i++
			}
			if i >= len(pattern) {
				return false, 0
			}
			last = pattern[i]
			matched = matched || c == last
		}
		i++
	}
}

// classes are POSIX's, in the C locale.
var classes = map[string]func(byte) bool{
	"alnum":  func(c byte) bool { return isAlpha(c) || isDigit(c) },
	"alpha":  isAlpha,
	"blank":  func(c byte) bool { return c == ' ' || c == '\t' },
	"cntrl":  func(c byte) bool { return c < 0x20 || c == 0x7f },
	"digit":  isDigit,
	"graph":  isGraph,
	"lower":  func(c byte) bool { return 'a' <= c && c <= 'z' },
	"print":  func(c byte) bool { return c == ' ' || isGraph(c) },
	"punct":  func(c byte) bool { return isGraph(c) && !isAlpha(c) && !isDigit(c) },
	"space":  func(c byte) bool { return c == ' ' || ('\t' <= c && c <= '\r') },
	"upper":  func(c byte) bool { return 'A' <= c && c <= 'Z' },
	"xdigit": func(c byte) bool { return isDigit(c) || ('a' <= c|0x20 && c|0x20 <= 'f') },
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isGraph(c byte) bool { return '!' <= c && c <= '~' }
