package gitmatch

import (
	"slices"
	"strconv"
	"strings"
)

// Attributes holds the rules of the .gitattributes file at a tree's root.
type Attributes struct {
	rules  []attributeRule
	macros map[string][]assignment
}

type attributeRule struct {
	pattern pattern
	set     []assignment
}

// assignment gives an attribute a value: "set" where the file names it alone,
// "unset" for "-name", "unspecified" for "!name", as git check-attr writes them.
type assignment struct{ name, value string }

// maxAttributeLine is the length in bytes from which git ignores a line.
const maxAttributeLine = 2048

// ParseAttributes reads a .gitattributes file. Lines that git warns of and
// skips are skipped.
func ParseAttributes(text []byte) Attributes {
	a := Attributes{macros: map[string][]assignment{
		"binary": {{"diff", "unset"}, {"merge", "unset"}, {"text", "unset"}},
	}}
	for line := range strings.Lines(strings.TrimPrefix(string(text), "\ufeff")) {
		line = strings.Trim(line, " \t\r\n")
		if line == "" || line[0] == '#' || len(line) >= maxAttributeLine {
			continue
		}
		name, rest, ok := patternField(line)
		if !ok {
			continue
		}
		macro, isMacro := strings.CutPrefix(name, "[attr]")
		if isMacro && macro == "" { // the name may stand apart
			macro, rest, _ = strings.Cut(strings.TrimLeft(rest, " \t\r"), " ")
		}
		set, ok := parseAssignments(rest)
		switch {
		case !ok:
		case isMacro && validAttribute(macro):
			a.macros[macro] = set
		case isMacro || name == "" || name[0] == '!': // there are no negative patterns here
		default:
			a.rules = append(a.rules, attributeRule{parsePattern(name), set})
		}
	}
	return a
}

// patternField splits off a line's pattern, which may be a string in quotes.
func patternField(line string) (name, rest string, ok bool) {
	if line[0] == '"' {
		if quoted, err := strconv.QuotedPrefix(line); err == nil {
			if name, err := strconv.Unquote(quoted); err == nil {
				return name, line[len(quoted):], true
			}
		}
	}
	end := strings.IndexAny(line, " \t\r")
	if end < 0 {
		return line, "", true
	}
	return line[:end], line[end:], true
}

// parseAssignments reads "name", "-name", "!name" and "name=value"; ok is false
// if a name is none.
func parseAssignments(s string) (set []assignment, ok bool) {
	for field := range strings.FieldsSeq(s) {
		name, value, hasValue := strings.Cut(field, "=")
		switch {
		case strings.HasPrefix(field, "-"), strings.HasPrefix(field, "!"):
			name, value = name[1:], map[byte]string{'-': "unset", '!': "unspecified"}[field[0]]
		case !hasValue:
			value = "set"
		}
		if !validAttribute(name) {
			return nil, false
		}
		set = append(set, assignment{name, value})
	}
	return set, true
}

func validAttribute(name string) bool {
	return name != "" && name[0] != '-' && strings.IndexFunc(name, func(r rune) bool {
		return r > 0x7f || !isAlpha(byte(r)) && !isDigit(byte(r)) && !strings.ContainsRune("-_.", r)
	}) < 0
}

// Value is what a file's attribute is, as git check-attr says it: a value,
// "set", "unset" or "unspecified". The last line that speaks of it decides.
func (a Attributes) Value(path, name string) string {
	known := map[string]string{}
	for _, rule := range slices.Backward(a.rules) {
		if !rule.pattern.matches(path, false) {
			continue
		}
		a.fill(known, rule.set)
		if value, ok := known[name]; ok {
			return value
		}
	}
	return "unspecified"
}

// fill adds what a line says of attributes that no later line spoke of. One
// that is a macro's name, and set, brings the macro's along.
func (a Attributes) fill(known map[string]string, set []assignment) {
	for _, s := range slices.Backward(set) {
		if _, ok := known[s.name]; ok {
			continue
		}
		known[s.name] = s.value
		if s.value == "set" {
			a.fill(known, a.macros[s.name])
		}
	}
}
