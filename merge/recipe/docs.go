package recipe

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed docs.md
var docsHead string

// Markdown is docs/recipes.md: the language, written from its tables.
func Markdown() string {
	var b strings.Builder
	b.WriteString("<!-- Written by go test ./merge/recipe -run TestDocs -update. Edit the tables in merge/recipe, or docs.md there. -->\n")
	b.WriteString(docsHead)
	b.WriteString("\n## Keys\n")
	for _, o := range Objects {
		fmt.Fprintf(&b, "\n### %s\n\n", title(o.Name))
		if o.Doc != "" {
			b.WriteString(o.Doc + "\n\n")
		}
		b.WriteString("| key | value | default | |\n|---|---|---|---|\n")
		for _, k := range o.Keys {
			if k.Doc == "" {
				continue
			}
			def := k.Default
			if k.Required {
				def = "must be given"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Name, k.Type, def, cell(k.Doc))
		}
	}
	b.WriteString("\n## Methods\n\n| method | base_model | models | |\n|---|---|---|---|\n")
	for _, m := range Methods {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s |\n", m.Name, m.Name, m.Base, m.count(), cell(m.Doc))
	}
	for _, m := range Methods {
		fmt.Fprintf(&b, "\n### %s\n\n%s.", m.Name, capital(m.Doc))
		if m.Paper != "" {
			fmt.Fprintf(&b, " Paper: <%s>.", m.Paper)
		}
		b.WriteString("\n")
		if len(m.Params) == 0 {
			b.WriteString("\nNo parameters.\n")
			continue
		}
		b.WriteString("\n| parameter | value | for | default | |\n|---|---|---|---|---|\n")
		for _, p := range m.Params {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", p.Name, p.Type, p.Scope, p.defaultText(), cell(p.Doc+p.limits()))
		}
	}
	return b.String()
}

// Help is the language in short, for a terminal.
func Help() string {
	var b strings.Builder
	for _, o := range Objects {
		fmt.Fprintf(&b, "%s:\n", title(o.Name))
		for _, k := range o.Keys {
			if k.Doc == "" {
				continue
			}
			required := ""
			if k.Required {
				required = " (must be given)"
			}
			fmt.Fprintf(&b, "  %-20s %s%s\n", k.Name, k.Doc, required)
		}
		b.WriteByte('\n')
	}
	b.WriteString("Methods, with their parameters and defaults:\n")
	for _, m := range Methods {
		var params []string
		for _, p := range m.Params {
			if p.Default == "" {
				params = append(params, p.Name)
			} else {
				params = append(params, p.Name+"="+p.Default)
			}
		}
		fmt.Fprintf(&b, "  %-20s %s", m.Name, m.Doc)
		if len(params) > 0 {
			fmt.Fprintf(&b, "\n%23s%s", "", strings.Join(params, " "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Help is what the method does and takes, for a terminal.
func (m *Method) Help() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", m.Name, m.Doc)
	if m.Paper != "" {
		b.WriteString("paper: " + m.Paper + "\n")
	}
	fmt.Fprintf(&b, "base_model: %s\nmodels: %s\n", m.Base, m.count())
	for _, p := range m.Params {
		def := p.defaultText()
		if p.Default != "" {
			def = "default " + def
		}
		fmt.Fprintf(&b, "\n%s: %s\n  %s, for %s, %s\n", p.Name, p.Doc+p.limits(), p.Type, p.Scope, def)
	}
	return b.String()
}

func title(object string) string {
	for _, article := range []string{"the ", "a "} {
		object = strings.TrimPrefix(object, article)
	}
	return capital(object)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// String is the type as documentation and messages name it.
func (t Type) String() string {
	switch t.Kind {
	case Word:
		return "word"
	case Choice:
		return strings.Join(t.Words, " or ")
	case Integer:
		return "whole number"
	case Boolean:
		return "true or false"
	case DTypeName:
		return strings.Join(DTypeNames(), ", ")
	case MethodName:
		return "[method](#methods)"
	case Model:
		return "[model](#names-of-models)"
	case TokenizerName:
		return "base, union or a [model](#names-of-models)"
	case LayerRange:
		return "[first, end]"
	case Object:
		return anchorTo(t.Of)
	case List:
		return "list of " + anchorTo(t.Of)
	case Map:
		return "mapping from names to " + anchorTo(t.Of)
	case Parameters:
		return "[parameters](#parameters)"
	case Numbers:
		return "value or gradient"
	case TokenRow:
		return "[model](#names-of-models), or " + anchorTo("a token's source")
	}
	return ""
}

// anchorTo leads to an object's section, whose anchor is made of its title.
func anchorTo(object string) string {
	anchor := strings.NewReplacer(" ", "-", "'", "").Replace(strings.ToLower(title(object)))
	return fmt.Sprintf("[%s](#%s)", strings.ToLower(title(object)), anchor)
}

func (b BaseUse) String() string {
	return [...]string{"an input like the others", "gives no weights", "optional", "needed"}[b]
}

func (s Scope) String() string {
	return [...]string{"all models together", "each model", "each model but the base"}[s]
}

func (t ParamType) String() string {
	return [...]string{"number", "whole number", "true or false"}[t]
}

func (p Param) defaultText() string {
	if p.Default == "" {
		return "must be given"
	}
	return p.Default
}

// limits says which values are refused or warned of.
func (p Param) limits() string {
	var b strings.Builder
	for _, l := range p.bounds {
		side, what := "below", "a warning"
		if l.above {
			side = "above"
		}
		if l.refuse {
			what = "refused"
		}
		fmt.Fprintf(&b, "; %s %v: %s", side, l.limit, what)
	}
	return b.String()
}

// count is how many models the method takes.
func (m *Method) count() string {
	besides := ""
	if m.Base == BaseNeeded || m.Base == BaseOptional {
		besides = " besides the base"
	}
	switch {
	case m.Max == 0 && m.Min == 0:
		return "any number" + besides
	case m.Max == 0:
		return fmt.Sprintf("%d or more%s", m.Min, besides)
	}
	return fmt.Sprintf("%d%s", m.Max, besides)
}
