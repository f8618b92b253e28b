package hub

import (
	"regexp"
	"strings"
)

// Selection picks files of a repo the way hf does: exact names, or shell
// patterns in which "*" also matches "/". The zero value picks every file.
type Selection struct {
	Files   []string // these and no others
	Include []string // patterns; a file must match one, when there are any
	Exclude []string // patterns; a file that matches one is left out
}

// Matcher compiles the patterns, and tells of each path whether they pick it.
func (s Selection) Matcher() func(path string) bool {
	include, exclude := patterns(s.Include), patterns(s.Exclude)
	return func(path string) bool {
		return (len(include) == 0 || matchesAny(include, path)) && !matchesAny(exclude, path)
	}
}

func matchesAny(res []*regexp.Regexp, path string) bool {
	for _, re := range res {
		if re.MatchString(path) {
			return true
		}
	}
	return false
}

func patterns(globs []string) []*regexp.Regexp {
	res := make([]*regexp.Regexp, len(globs))
	for i, g := range globs {
		res[i] = fnmatch(g)
	}
	return res
}

// fnmatch translates a pattern as Python's fnmatch does; a trailing slash
// stands for all below that folder, as in huggingface_hub.
func fnmatch(glob string) *regexp.Regexp {
	if strings.HasSuffix(glob, "/") {
		glob += "*"
	}
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(glob); i++ {
		switch c := glob[i]; c {
		case '*':
			b.WriteString(".*")
		case '?':
			b.WriteByte('.')
		case '[':
			if class, n := bracket(glob[i:]); n > 0 {
				b.WriteString(class)
				i += n - 1
				continue
			}
			b.WriteString(`\[`)
		default:
			b.WriteString(regexp.QuoteMeta(glob[i : i+1]))
		}
	}
	b.WriteString(`\z`)
	re, err := regexp.Compile(b.String())
	if err != nil { // an odd bracket, such as "[z-a]": it matches itself
		return regexp.MustCompile(`\A` + regexp.QuoteMeta(glob) + `\z`)
	}
	return re
}

// bracket translates "[abc]" and "[!abc]"; n is its length, 0 if it never ends.
func bracket(s string) (class string, n int) {
	body := s[1:]
	negated := strings.HasPrefix(body, "!")
	body = strings.TrimPrefix(body, "!")
	end := strings.IndexByte(body, ']')
	if end == 0 {
		if rest := strings.IndexByte(body[1:], ']'); rest >= 0 {
			end = rest + 1
		} else {
			end = -1
		}
	}
	if end < 0 {
		return "", 0
	}
	n = len(s) - len(body) + end + 1
	set := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`, `&`, `\&`).Replace(body[:end])
	if negated {
		return "[^" + set + "]", n
	}
	return "[" + set + "]", n
}
