package modelcard

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"longcat/internal/cardcheck"
	"longcat/internal/markdown"
)

// longcatTag is the tag of what longcat made, by which it is found on a Hub.
const longcatTag = "longcat"

// foldedLines is the length in lines from which on a recipe is folded away.
const foldedLines = 20

func (f Facts) recipeSection() string {
	text := strings.TrimSpace(strings.ToValidUTF8(string(f.Recipe), "\ufffd"))
	if text == "" {
		return ""
	}
	block := markdown.Fenced("yaml", strings.ToValidUTF8(string(f.Recipe), "\ufffd"))
	if lines := strings.Count(text, "\n") + 1; lines > foldedLines {
		block = fmt.Sprintf("<details>\n<summary>%d lines of YAML</summary>\n\n%s\n</details>\n", lines, block)
	}
	return "## Recipe\n\n" + block
}

func (f Facts) madeSection() string {
	var b strings.Builder
	b.WriteString("## How it was made\n\n")
	if f.MadeWith != "" {
		b.WriteString("Made with " + f.madeWith() + ".")
	}
	if f.Seed != nil {
		fmt.Fprintf(&b, " Random numbers are those of seed %d.", *f.Seed)
	}
	if f.Precise {
		b.WriteString(" Computed in float64 and rounded once.")
	}
	commands, where := f.commands()
	b.WriteString(where)
	text := strings.TrimSpace(b.String()) + "\n"
	if commands == "" {
		return text
	}
	text += "\n" + markdown.Fenced("sh", commands)
	if pins := f.unpinned(); len(pins) > 0 {
		text += "\nThe recipe follows a branch. For the same bytes, name the commit: " + strings.Join(pins, ", ") + ".\n"
	} else if f.byLongcat() {
		text += "\nThe same recipe and the same commits give the same bytes.\n"
	}
	return text
}

// commands make the merge again and check it, where nothing but longcat is
// there; without a repo, beside the files of the merge.
func (f Facts) commands() (commands, where string) {
	recipe := cmp.Or(f.RecipeFile, RecipeConfigFile)
	name := path.Base(f.loadName())
	merge := func(from, to string) string {
		return strings.TrimRight(fmt.Sprintf("longcat merge %s %s %s", from, to, f.Flags), " ") + "\n"
	}
	switch {
	case slices.ContainsFunc(f.Parents, func(p Parent) bool { return !p.onHub() }):
		return "", " Some of its parents are not on a hub, so it can only be made again where they are."
	case !cardcheck.IsRepoID(f.Repo):
		return "longcat verify .\n" + merge(recipe, "../again"), " To check it, and to make it again, in the directory of this file:"
	}
	return fmt.Sprintf("longcat verify %s\nlongcat download %s %s --local-dir .\n%s", f.Repo, f.Repo, recipe, merge(recipe, name)),
		" To check it, and to make it again:"
}

func (f Facts) byLongcat() bool {
	return f.MadeWith == longcatTag || strings.HasPrefix(f.MadeWith, longcatTag+" ")
}

// madeWith is the program, with a link to all that was made with it.
func (f Facts) madeWith() string {
	if f.byLongcat() {
		return markdown.Link(longcatTag, hub+"models?other="+longcatTag) + strings.TrimRight(" "+markdown.Plain(strings.TrimPrefix(f.MadeWith, longcatTag)), " ")
	}
	return markdown.Plain(f.MadeWith)
}

// unpinned are the parents, with their commits, whose commit the recipe does
// not name.
func (f Facts) unpinned() []string {
	var out []string
	for _, p := range f.Parents {
		if p.onHub() && p.Commit != "" && !bytes.Contains(f.Recipe, []byte(p.Commit)) {
			out = appendNew(out, markdown.Code(p.Model+"@"+p.Commit))
		}
	}
	return out
}

// loadName is what a program loads the model by: its repo, or the directory that
// the card is in.
func (f Facts) loadName() string {
	if cardcheck.IsRepoID(f.Repo) {
		return f.Repo
	}
	return "."
}
