package gitmatch

import "strings"

// pattern is one pattern of a .gitignore or .gitattributes.
type pattern struct {
	glob     string
	dirOnly  bool // it ended in a slash
	basename bool // it had no other slash: it is for the last element of a path
}

func parsePattern(s string) pattern {
	s, dirOnly := strings.CutSuffix(s, "/")
	if !strings.Contains(s, "/") {
		return pattern{s, dirOnly, true}
	}
	return pattern{strings.TrimPrefix(s, "/"), dirOnly, false}
}

// matches tells of a path relative to the directory that the pattern is for.
func (p pattern) matches(path string, isDir bool) bool {
	if p.dirOnly && !isDir {
		return false
	}
	if p.basename {
		path = path[strings.LastIndexByte(path, '/')+1:]
	}
	return wildmatch(p.glob, path)
}
