package cardcheck

import (
	"cmp"
	"fmt"
	"slices"

	"longcat/internal/frontmatter"

	"gopkg.in/yaml.v3"
)

// Severity says what a Hub does about a Problem.
type Severity string

// An Error makes a Hub refuse the commit, or hides the metadata from it; after
// a Warning the commit succeeds, but not all that was meant comes across.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is something wrong in a file, with its position: Line and Column count from
// 1, in characters. Key is the path within the YAML, such as "language[0]", or
// empty. Message uses the Hub's own words where they are known.
//
// Unlisted marks an error that a Hub may not see: the value is in no list of
// ids that is known here, but such lists grow. Ask the Hub before refusing it.
type Problem struct {
	Severity Severity `json:"severity"`
	Line     int      `json:"line"`
	Column   int      `json:"column"`
	Key      string   `json:"key,omitempty"`
	Message  string   `json:"message"`
	Unlisted bool     `json:"unlisted,omitempty"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%d:%d: %s: %s", p.Line, p.Column, p.Severity, p.Message)
}

// checker collects the problems of one YAML text that begins at line first of
// its file.
type checker struct {
	first    int
	problems []Problem
	visits   int // list entries looked at
}

// A report and the work for it are bounded: aliases can repeat one mistake
// without end.
const (
	maxProblems = 1000
	maxVisits   = 1_000_000
)

func (c *checker) add(severity Severity, n *yaml.Node, key, format string, args ...any) {
	if len(c.problems) == maxProblems {
		return
	}
	c.problems = append(c.problems, Problem{
		Severity: severity,
		Line:     max(1, n.Line) + c.first - 1,
		Column:   max(1, n.Column),
		Key:      key,
		Message:  fmt.Sprintf(format, args...),
	})
}

// unlistedf adds an error about an id that no list has. What is no string will
// be in no list either.
func (c *checker) unlistedf(n *yaml.Node, key, format string, args ...any) {
	before := len(c.problems)
	c.errorf(n, key, format, args...)
	if len(c.problems) > before && n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		c.problems[before].Unlisted = true
	}
}

func (c *checker) errorf(n *yaml.Node, key, format string, args ...any) {
	c.add(Error, n, key, format, args...)
}

func (c *checker) warnf(n *yaml.Node, key, format string, args ...any) {
	c.add(Warning, n, key, format, args...)
}

// sorted are the problems from the file's beginning to its end.
func (c *checker) sorted() []Problem {
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return c.problems
}

// yamlRules finds what yaml.v3 reads but a Hub's parser refuses: repeated keys
// and tags it does not know. Aliases are not followed: what they name is
// visited at its own position.
func (c *checker) yamlRules(n *yaml.Node, path string, depth int) {
	if depth > frontmatter.MaxDepth {
		c.errorf(n, path, "Invalid YAML in README.md: nested more than %d deep", frontmatter.MaxDepth)
		return
	}
	if tag := n.ShortTag(); n.Style&yaml.TaggedStyle != 0 && !slices.Contains(knownTags, tag) {
		c.errorf(n, path, "Invalid YAML in README.md: unknown tag %s", tag)
	}
	switch n.Kind {
	case yaml.MappingNode:
		seen := map[string]int{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			at := join(path, key.Value)
			if line, again := seen[key.Value]; again && key.Kind == yaml.ScalarNode {
				c.errorf(key, at, "Invalid YAML in README.md: duplicated mapping key; %q is in line %d already", key.Value, line)
			} else {
				seen[key.Value] = key.Line + c.first - 1
			}
			c.yamlRules(n.Content[i+1], at, depth+1)
		}
	case yaml.SequenceNode:
		for i, item := range n.Content {
			c.yamlRules(item, fmt.Sprintf("%s[%d]", path, i), depth+1)
		}
	}
}

var knownTags = []string{
	"!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!set",
	"!!omap", "!!pairs", "!!binary", "!!timestamp", "!!merge",
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
