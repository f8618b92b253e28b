package modelcard

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"longcat/internal/cardcheck"
	"longcat/internal/markdown"
	"longcat/internal/units"
)

const hub = "https://huggingface.co/"

// summary is one sentence of what the model is and the numbers.
func (f Facts) summary() string {
	var b strings.Builder
	b.WriteString(f.sentence() + "\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "- %s: %s\n", name, value)
		}
	}
	b.WriteString("\n")
	if f.Params > 0 {
		row("Parameters", fmt.Sprintf("%s (%d)", units.Count(f.Params), f.Params))
	}
	if f.Size > 0 {
		weights := units.Size(f.Size)
		if f.DType != "" {
			weights += " in " + markdown.Code(f.DType)
		}
		row("Weights", weights)
	}
	if len(f.Layers) > 0 {
		row("Layers", fmt.Sprint(len(f.Layers)))
	}
	row("Architecture", markdown.Code(f.Architecture))
	if license, err := f.license(); err == nil && license.ID != "" {
		row("License", licenseText(license))
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// sentence says what the model is, in one sentence, and that a merge is no
// training.
func (f Facts) sentence() string {
	var names []string
	for _, p := range f.Parents {
		names = appendNew(names, p.linked())
	}
	title := "**" + markdown.Plain(f.title()) + "**"
	if len(names) != 1 {
		method := ""
		if f.Method != "" {
			method = " by " + markdown.Code(f.Method)
		}
		if len(names) == 0 {
			return title + " is a merge" + method + ". Nothing was trained."
		}
		last := len(names) - 1
		return fmt.Sprintf("%s is a merge%s of %s and %s. Nothing was trained.", title, method, strings.Join(names[:last], ", "), names[last])
	}
	have, had := len(f.Layers), f.Parents[0].Layers
	how := "with its layers rearranged"
	switch used := f.sourceLayers(); {
	case have == 0:
		how = "merged with itself"
	case had > 0 && used < had && have <= used:
		how = "with layers left out"
	case had > 0 && used == had && have > had:
		how = "with layers repeated"
	}
	if have > 0 && had > 0 && have != had {
		how += fmt.Sprintf(": %d layers instead of %d", have, had)
	}
	return fmt.Sprintf("%s is %s %s. Nothing was trained.", title, names[0], how)
}

// sourceLayers is how many different layers of the first parent are used.
func (f Facts) sourceLayers() int {
	used := map[Source]bool{}
	for _, l := range f.Layers {
		for _, s := range l {
			used[s] = true
		}
	}
	return len(used)
}

func (p Parent) linked() string {
	if !p.onHub() {
		return markdown.Code(p.Name())
	}
	return markdown.Link(markdown.Plain(p.Model), hub+p.Model)
}

func licenseText(l License) string {
	text := markdown.Code(l.ID)
	if l.Name != "" {
		text += " " + markdown.Code(l.Name)
	}
	if l.Link != "" {
		text += " (" + markdown.Link("text", l.Link) + ")"
	}
	return text
}

func (f Facts) layerSection() string {
	if len(f.Layers) == 0 {
		return ""
	}
	return fmt.Sprintf("## Layers\n\n![Which layer of the parents stands where; the same in words below](%s)\n\n%s",
		LayerMapFile, markdown.Fenced("text", LayerMapText(f.Parents, f.Layers)))
}

func (f Facts) parentSection() string {
	if len(f.Parents) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## Parents\n\n| Model | Commit | Layers | License |\n|---|---|--:|---|\n")
	for i, l := range Licenses(f.Parents) {
		p := f.Parents[i]
		commit, layers, license := "", "", ""
		if p.Commit != "" && p.onHub() {
			commit = markdown.Link(markdown.Code(p.Commit[:min(12, len(p.Commit))]), hub+p.Model+"/tree/"+p.Commit)
		}
		if p.Layers > 0 {
			layers = fmt.Sprint(p.Layers)
		}
		if license = markdown.Code(l.License.ID); l.License.Name != "" {
			license += " " + markdown.Code(l.License.Name)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", p.linked(), commit, layers, license)
	}
	return b.String()
}

func (f Facts) recipeSection() string {
	if len(bytes.TrimSpace(f.Recipe)) == 0 {
		return ""
	}
	return "## Recipe\n\n" + markdown.Fenced("yaml", strings.ToValidUTF8(string(f.Recipe), "\ufffd"))
}

func (f Facts) madeSection() string {
	var b strings.Builder
	b.WriteString("## How it was made\n\n")
	if f.MadeWith != "" {
		b.WriteString("Made with " + markdown.Plain(f.MadeWith) + ". ")
	}
	recipe := f.RecipeFile
	if recipe == "" {
		recipe = "recipe.yaml"
	}
	b.WriteString("To make it again, and to check it:\n\n")
	commands := strings.TrimRight(fmt.Sprintf("longcat merge %s %s %s", recipe, path.Base(f.place()), f.Flags), " ") + "\n"
	if f.Repo != "" {
		commands += fmt.Sprintf("longcat verify %s\n", f.Repo)
	}
	b.WriteString(markdown.Fenced("sh", commands))
	if pins := f.unpinned(); len(pins) > 0 {
		b.WriteString("\nThe recipe follows a branch. For the same bytes, name the commit: " + strings.Join(pins, ", ") + ".\n")
	} else if strings.HasPrefix(f.MadeWith, "longcat") {
		b.WriteString("\nThe same recipe and the same commits give the same bytes.\n")
	}
	return b.String()
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

// place is what a program loads the model by.
func (f Facts) place() string {
	if cardcheck.IsRepoID(f.Repo) {
		return f.Repo
	}
	return "merged"
}
