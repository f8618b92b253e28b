package cardcheck

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"longcat/internal/frontmatter"
	"longcat/internal/limits"
	"longcat/internal/markdown"
	"longcat/internal/plaintext"
)

// README says what a Hub would refuse or overlook in a README.md, without asking
// one, from the file's beginning to its end. Errors would fail the commit.
// Source: answers of the Hub's /api/validate-yaml; huggingface/hub-docs,
// modelcard.md; huggingface_hub's repocard_data.py.
func README(readme []byte) []Problem {
	c := &checker{first: 1}
	top := &yaml.Node{}
	switch {
	case isLFSPointer(readme):
		c.errorf(top, "", "README.md is stored as LFS: what stands here is a pointer, and a Hub finds no metadata in it")
		return c.problems
	case len(readme) > limits.Card:
		c.errorf(top, "", "README.md has %d bytes; from %d on it is stored as LFS and a Hub finds no metadata in it", len(readme), limits.Card)
		return c.problems
	}
	head := frontmatter.Locate(readme)
	if at := frontmatter.InvalidUTF8(readme); at >= len(head.Head()) {
		c.errorf(&yaml.Node{Line: frontmatter.LineOf(readme, at)}, "", "README.md is not UTF-8 text")
	}
	card, err := frontmatter.Parse(readme)
	switch syntax, _ := errors.AsType[*frontmatter.SyntaxError](err); {
	case syntax != nil:
		c.syntax(readme, syntax)
	case err != nil:
		c.errorf(top, "", "Invalid YAML in README.md: %v", err)
	case !card.HasFrontMatter():
		c.missing(readme)
	case card.Mapping() == nil:
		c.errorf(&yaml.Node{Line: card.FirstLine()}, "", "The YAML metadata of your README.md is invalid: it is empty")
	case len(card.Mapping().Content) == 0:
		c.warnf(&yaml.Node{Line: card.FirstLine() + card.Mapping().Line - 1}, "", "%s", missingMetadata)
	default:
		c.first = card.FirstLine()
		c.yamlRules(card.Mapping(), "", 0)
		c.keys(card)
		c.first = 1
		c.tabs(card)
	}
	if head.HasFrontMatter() && bytes.HasPrefix(readme, []byte("\ufeff")) {
		c.warnf(top, "", "a byte-order mark stands before the front matter: the Hub reads past it, huggingface_hub up to 2.0 finds no metadata")
	}
	c.strayFrontMatter(readme)
	return c.sorted()
}

// isLFSPointer recognises git-lfs' pointer files.
// Source: git-lfs docs/spec.md.
func isLFSPointer(b []byte) bool {
	return len(b) < 1024 && bytes.HasPrefix(b, []byte("version https://git-lfs.github.com/spec/")) && bytes.Contains(b, []byte("\noid sha256:"))
}

func (c *checker) syntax(readme []byte, e *frontmatter.SyntaxError) {
	message := "Invalid YAML in README.md: " + e.Message
	if text := frontmatter.Locate(readme).YAML(); len(text) <= limits.FrontMatter {
		// The Hub has words of its own for YAML that is no mapping.
		var doc yaml.Node
		if yaml.Unmarshal(text, &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind != yaml.MappingNode {
			message = "The YAML metadata of your README.md is invalid: " + e.Message
			if doc.Content[0].Kind == yaml.SequenceNode {
				message = `"value" must be of type object: ` + e.Message
			}
		}
	}
	c.errorf(&yaml.Node{Line: e.Line}, "", "%s", message)
}

// missingMetadata are the Hub's words.
const missingMetadata = "empty or missing yaml metadata in repo card"

var opensWithFence = regexp.MustCompile(`^[\s\x{feff}]*---[ \t]*(?:\r\n|\r|\n)`)

func (c *checker) missing(readme []byte) {
	message := missingMetadata
	line := 1
	if m := opensWithFence.FindIndex(readme); m != nil {
		line = len(frontmatter.LineStarts(readme[:m[1]])) - 1
		message += `: the opening "---" has to stand alone on its line and a line "---" has to close it`
	}
	c.warnf(&yaml.Node{Line: line}, "", "%s", message)
}

// metadataLine is a line of front matter that is in the wrong place.
var metadataLine = regexp.MustCompile(`^(license|base_model|tags|language|library_name|pipeline_tag|datasets|model-index)[ \t]*:`)

// strayFrontMatter warns of metadata between fences that is not at the file's
// beginning, where alone it counts: at the end, after HTML, or a second time.
func (c *checker) strayFrontMatter(readme []byte) {
	first := frontmatter.Locate(readme)
	body := first.Body()
	line := len(frontmatter.LineStarts(first.Head())) - 1
	open := 0
	var fence markdown.Fence
	var comment markdown.Comment
	for text := range bytes.Lines(body) {
		line++
		row := strings.TrimRight(string(text), " \t\r\n")
		if !comment.Open() && fence.Step(row) || !fence.Open() && comment.Step(row) {
			continue
		}
		switch {
		case row == "---":
			open = line
		case open > 0 && line == open+1 && metadataLine.MatchString(row) && (first.HasFrontMatter() || open > 1):
			what := "this front matter is shown as text: it only counts at the very beginning of the file"
			if first.HasFrontMatter() {
				what = "a second front matter is shown as text: only the first one counts"
			}
			c.warnf(&yaml.Node{Line: open}, "", "%s", what)
		}
	}
}

// shown is a value for a message: short, on one line.
func shown(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		return frontmatter.KindName(n)
	}
	return fmt.Sprintf("%q", plaintext.Shorten(n.Value, 60))
}
