package modelcard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"longcat/internal/markdown"
)

func (f Facts) parentSection() string {
	if len(f.Parents) == 0 {
		return ""
	}
	computed := slices.ContainsFunc(f.Parents, func(p Parent) bool { return p.Base || len(p.Params) > 0 })
	var b strings.Builder
	b.WriteString("## Parents\n\n")
	if computed {
		b.WriteString("| Model | Part in the merge | Commit | Layers | License |\n|---|---|---|--:|---|\n")
	} else {
		b.WriteString("| Model | Commit | Layers | License |\n|---|---|--:|---|\n")
	}
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
		name := p.linked()
		if computed {
			name += " | " + p.part()
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, commit, layers, license)
	}
	return b.String()
}

// part says what the parent gives to a computed merge: "base", "weight 0.3".
func (p Parent) part() string {
	var words []string
	if p.Base {
		words = append(words, "base")
	}
	for _, param := range p.Params {
		words = append(words, markdown.Plain(param.String()))
	}
	return strings.Join(words, ", ")
}

// String is the parameter in a few words: its value, or where a gradient begins
// and ends and, between, turns.
func (p Param) String() string {
	name := p.Name
	if p.Part != "" {
		name += " of " + p.Part
	}
	var values []string
	for i, v := range p.Values {
		if i > 0 && i < len(p.Values)-1 && !turns(p.Values[i-1], v, p.Values[i+1]) {
			continue
		}
		if text := number(v); len(values) == 0 || values[len(values)-1] != text {
			values = append(values, text)
		}
	}
	if len(values) > 5 {
		low, high := slices.Min(p.Values), slices.Max(p.Values)
		return fmt.Sprintf("%s between %s and %s", name, number(low), number(high))
	}
	return name + " " + strings.Join(values, " → ")
}

// turns says whether values go another way behind v than before it.
func turns(before, v, after float64) bool { return (v-before)*(after-v) < 0 }

func number(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// papers are where the methods are described; those that have none are only
// named.
var papers = map[string]struct{ title, url string }{
	"linear":           {"Model soups", "2203.05482"},
	"task_arithmetic":  {"Task arithmetic", "2212.04089"},
	"ties":             {"TIES-Merging", "2306.01708"},
	"dare_linear":      {"DARE", "2311.03099"},
	"dare_ties":        {"DARE and TIES", "2311.03099"},
	"della":            {"DELLA-Merging", "2406.11617"},
	"della_linear":     {"DELLA-Merging", "2406.11617"},
	"breadcrumbs":      {"Model Breadcrumbs", "2312.06795"},
	"breadcrumbs_ties": {"Model Breadcrumbs", "2312.06795"},
	"model_stock":      {"Model Stock", "2403.19522"},
	"sce":              {"FuseChat", "2408.07990"},
}

// methodText names the method, with its paper.
func (f Facts) methodText() string {
	text := markdown.Code(f.Method)
	if paper, ok := papers[f.Method]; ok {
		text += " (" + markdown.Link(paper.title, "https://arxiv.org/abs/"+paper.url) + ")"
	}
	return text
}
