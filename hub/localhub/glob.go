package localhub

import (
	"path"
	"slices"
	"strings"
)

// attributes decides by a .gitattributes file which paths are large files.
type attributes []attributeRule

type attributeRule struct {
	pattern string
	lfs     bool
}

// parseAttributes reads the lines that say filter=lfs, or that it is not so.
// Source: gitattributes(5).
func parseAttributes(text []byte) attributes {
	var rules attributes
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		for _, a := range fields[1:] {
			switch {
			case a == "filter=lfs":
				rules = append(rules, attributeRule{fields[0], true})
			case a == "-filter", a == "!filter", strings.HasPrefix(a, "filter="):
				rules = append(rules, attributeRule{fields[0], false})
			}
		}
	}
	return rules
}

// large reports what the last rule that matches p says.
func (a attributes) large(p string) bool {
	for _, rule := range slices.Backward(a) {
		if matchPath(rule.pattern, p) {
			return rule.lfs
		}
	}
	return false
}

// ignored reports whether the rules of a .gitignore leave p out: the last rule
// that matches it, or a folder that it is in, decides. Source: gitignore(5).
func ignored(rules []string, p string) bool {
	parts := strings.Split(p, "/")
	for n := range parts { // a folder that is left out can not be had back below it
		if prefix := strings.Join(parts[:n+1], "/"); ignoredItself(rules, prefix, n+1 < len(parts)) {
			return true
		}
	}
	return false
}

func ignoredItself(rules []string, p string, isDir bool) bool {
	for _, rule := range slices.Backward(rules) {
		pattern, back := strings.CutPrefix(rule, "!")
		pattern, dirOnly := strings.CutSuffix(pattern, "/")
		if (!dirOnly || isDir) && matchPath(pattern, p) {
			return !back
		}
	}
	return false
}

// ignoreRules are the lines of a .gitignore that are rules.
func ignoreRules(text string) []string {
	var rules []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			rules = append(rules, line)
		}
	}
	return rules
}

// matchPath matches as git does: a pattern without "/" is for the last element
// of the path, any other for the whole of it, where "**" stands for any
// folders.
func matchPath(pattern, p string) bool {
	if !strings.Contains(pattern, "/") {
		ok, err := path.Match(pattern, path.Base(p))
		return err == nil && ok
	}
	return matchElements(strings.Split(strings.TrimPrefix(pattern, "/"), "/"), strings.Split(p, "/"))
}

func matchElements(pattern, elements []string) bool {
	for i, want := range pattern {
		if want == "**" {
			rest := slices.CompactFunc(pattern[i+1:], func(a, b string) bool { return a == "**" && b == "**" })
			for skip := range len(elements) {
				if matchElements(rest, elements[skip:]) {
					return true
				}
			}
			return len(rest) == 0
		}
		if len(elements) == 0 {
			return false
		}
		if ok, err := path.Match(want, elements[0]); err != nil || !ok {
			return false
		}
		elements = elements[1:]
	}
	return len(elements) == 0
}
