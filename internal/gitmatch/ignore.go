package gitmatch

import (
	"slices"
	"strings"
)

// Ignore holds the rules of the .gitignore files of a directory tree. The zero
// value ignores nothing.
type Ignore struct{ rules []ignoreRule }

type ignoreRule struct {
	dir     string // where the file is, with a slash at the end; "" is the root
	pattern pattern
	back    bool // "!": what matches is not ignored
}

// With adds the .gitignore of a directory ("" is the root). It is to come after
// those of the directories above, over which it has precedence. The receiver
// stays as it is.
func (ig Ignore) With(dir string, text []byte) Ignore {
	if dir != "" {
		dir += "/"
	}
	rules := slices.Clip(ig.rules)
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		if strings.HasPrefix(line, "#") {
			continue
		}
		line, back := strings.CutPrefix(trimSpaces(line), "!")
		if line != "" {
			rules = append(rules, ignoreRule{dir, parsePattern(line), back})
		}
	}
	return Ignore{rules}
}

// trimSpaces cuts off spaces at the end that no backslash protects.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) {
			i++
		} else if line[i] == ' ' {
			continue
		}
		end = i + 1
	}
	return line[:end]
}

// Match tells whether the rules ignore a path. What is in an ignored directory
// is ignored too, whatever the rules say of it: see MatchFile for that.
func (ig Ignore) Match(path string, isDir bool) bool {
	for _, rule := range slices.Backward(ig.rules) {
		if below, ok := strings.CutPrefix(path, rule.dir); ok && rule.pattern.matches(below, isDir) {
			return !rule.back
		}
	}
	return false
}

// MatchFile tells whether the rules ignore a file or a directory that it is in.
func (ig Ignore) MatchFile(path string) bool {
	for i := range len(path) {
		if path[i] == '/' && ig.Match(path[:i], true) {
			return true
		}
	}
	return ig.Match(path, false)
}
