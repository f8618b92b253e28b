package hub

import (
	"fmt"
	"regexp"
	"slices"
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
		path = strings.ReplaceAll(path, `\`, "/")
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

// fnmatch translates a pattern as Python's fnmatch does; a backslash is a slash,
// and a trailing slash stands for all below that folder, as in huggingface_hub.
func fnmatch(glob string) *regexp.Regexp {
	glob = strings.ReplaceAll(strings.ToValidUTF8(glob, "\ufffd"), `\`, "/")
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
	return regexp.MustCompile(b.String())
}

// bracket translates the set that s begins with, such as "[abc]" or "[!a-c]";
// n is its length, 0 if it never ends. A "]" that comes first is a member.
func bracket(s string) (class string, n int) {
	body := s[1:]
	negated := strings.HasPrefix(body, "!")
	body = strings.TrimPrefix(body, "!")
	end := strings.IndexByte(body[min(1, len(body)):], ']') + 1
	if end == 0 {
		return "", 0
	}
	n = len(s) - len(body) + end + 1
	set := members(body[:end])
	switch {
	case set == "" && negated:
		return ".", n
	case set == "":
		return `[^\x{0}-\x{10FFFF}]`, n // nothing
	case negated:
		return "[^" + set + "]", n
	}
	return "[" + set + "]", n
}

// members writes the inside of a set as a regexp does. A hyphen makes a range
// unless it is the first or the last, or right behind a range; a range that
// runs backwards is left out.
func members(set string) string {
	var parts [][]rune // a hyphen that makes a range stands between two of them
	part := []rune{}
	inside := []rune(set)
	for i, r := range inside {
		if r == '-' && len(part) > min(len(parts), 1) && i < len(inside)-1 {
			parts, part = append(parts, part), []rune{}
			continue
		}
		part = append(part, r)
	}
	parts = append(parts, part)
	for k := len(parts) - 1; k > 0; k-- {
		if left := parts[k-1]; left[len(left)-1] > parts[k][0] {
			parts[k-1] = slices.Concat(left[:len(left)-1], parts[k][1:])
			parts = slices.Delete(parts, k, k+1)
		}
	}
	escaped := make([]string, len(parts))
	for i, p := range parts {
		for _, r := range p {
			escaped[i] += fmt.Sprintf(`\x{%X}`, r)
		}
	}
	return strings.Join(escaped, "-")
}
