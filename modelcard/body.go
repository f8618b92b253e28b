package modelcard

import (
	"fmt"
	"strings"

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
	if f.Context > 0 {
		row("Context", fmt.Sprintf("%d tokens", f.Context))
	}
	row("Architecture", markdown.Code(f.Architecture))
	if license, err := f.license(); err == nil && license.ID != "" {
		row("License", licenseText(license))
	}
	return strings.TrimRight(b.String(), "\n") + "\n\n" + f.limits()
}

// limits is one honest line on what can not be expected.
func (f Facts) limits() string {
	text := "It was not trained or evaluated after the merge."
	if f.deeper() {
		text += " Stacked layers usually want further training before they help."
	}
	return text + "\n"
}

// deeper says whether the layers have another order or number than in the
// models that they come from.
func (f Facts) deeper() bool {
	for i, l := range f.Layers {
		if len(l) > 0 && l[0].Layer != i {
			return true
		}
	}
	return len(f.Layers) > 0 && len(f.Parents) == 1 && f.Parents[0].Layers > len(f.Layers)
}

// sentence says what the model is, in one sentence.
func (f Facts) sentence() string {
	var names []string
	for _, p := range f.Parents {
		names = appendNew(names, p.linked())
	}
	title := "**" + markdown.Plain(f.title()) + "**"
	if len(names) != 1 {
		method := ""
		if f.Method != "" {
			method = " by " + f.methodText()
		}
		if len(names) == 0 {
			return title + " is a merge" + method + "."
		}
		last := len(names) - 1
		return fmt.Sprintf("%s is a merge%s of %s and %s.", title, method, strings.Join(names[:last], ", "), names[last])
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
	return fmt.Sprintf("%s is %s %s.", title, names[0], how)
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
