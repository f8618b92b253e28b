package modelcard

import (
	"bytes"
	"regexp"
	"strings"

	"longcat/internal/frontmatter"
	"longcat/internal/markdown"
)

// Names of the files that Generate and LayerMapSVG are for, in a repo's root.
const (
	File         = "README.md"
	LayerMapFile = "layer-map.svg"
)

// Generate writes the card of a merge. It fails with a *LicenseError when the
// parents' licences differ and Facts.License does not decide.
// Source of the keys: huggingface/hub-docs, modelcard.md and model-cards.md.
func Generate(f Facts) ([]byte, error) {
	keys, err := f.frontMatter()
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString("---\n")
	for _, entry := range keys {
		line, err := frontmatter.Entry(entry.key, entry.value)
		if err != nil {
			return nil, err
		}
		b.WriteString(line)
	}
	b.WriteString("---\n" + f.text(nil))
	return []byte(b.String()), nil
}

// text is what follows a body that says nothing: the generated parts, and the
// heading unless the body has one.
func (f Facts) text(body []byte) string {
	var b strings.Builder
	nl := frontmatter.LineEnding(body)
	if len(body) > 0 && !bytes.HasSuffix(body, []byte(nl)) {
		b.WriteString(nl)
	}
	if !heading.Match(body) {
		b.WriteString(nl + "# " + markdown.Plain(f.title()) + nl)
	}
	for _, s := range f.sections() {
		b.WriteString(nl + s.marked(nl))
	}
	return b.String()
}

var heading = regexp.MustCompile(`(?m)^ {0,3}#+[ \t]`)

// entry is a key of the front matter with its value.
type entry struct {
	key   string
	value any
}

// frontMatter is what the merge's card states, in the order of the Hub's own
// example. Keys without a value are left out: a Hub refuses empty ones.
func (f Facts) frontMatter() ([]entry, error) {
	license, err := f.license()
	if err != nil {
		return nil, err
	}
	var out []entry
	text := func(key, value string) {
		if value != "" {
			out = append(out, entry{key, value})
		}
	}
	list := func(key string, values []string) {
		if len(values) > 0 {
			out = append(out, entry{key, values})
		}
	}
	list("language", f.languages())
	if license.ID != "" {
		out = append(out, entry{"license", license.value()})
	}
	text("license_name", license.Name)
	text("license_link", license.Link)
	text("library_name", f.library())
	text("pipeline_tag", f.pipelineTag())
	if bases := f.baseModels(); len(bases) > 0 {
		out = append(out, entry{"base_model", oneOrList(bases)}, entry{"base_model_relation", "merge"})
	}
	list("datasets", f.datasets())
	list("tags", f.tags())
	return out, nil
}

func (f Facts) license() (License, error) {
	if f.License != nil {
		return *f.License, nil
	}
	return InheritLicense(f.Parents)
}

// section is a generated part of the body.
type section struct {
	name string
	text string // Markdown, ends with a line break
}

// The comments between which generated text lies. They are found by
// their text up to the name; the rest is for people.
const (
	beginMarker = "<!-- longcat:begin "
	endMarker   = "<!-- longcat:end "
	markerNote  = " (generated: \"longcat card update\" rewrites this part)"
	markerClose = " -->"
)

// marked is the section between its comments, with nl as line ending. The blank
// lines end the HTML block, so that what follows is Markdown again.
func (s section) marked(nl string) string {
	text := beginMarker + s.name + markerNote + markerClose + "\n\n" + s.text + "\n" + endMarker + s.name + markerClose + "\n"
	return strings.ReplaceAll(text, "\n", nl)
}

// sections are the generated parts in their order; those that nothing is known
// for are left out.
func (f Facts) sections() []section {
	all := []section{
		{"summary", f.summary()},
		{"use", f.useSection()},
		{"layers", f.layerSection()},
		{"parents", f.parentSection()},
		{"recipe", f.recipeSection()},
		{"made", f.madeSection()},
	}
	var out []section
	for _, s := range all {
		if s.text != "" {
			out = append(out, s)
		}
	}
	return out
}
