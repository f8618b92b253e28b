package modelcard

import (
	"fmt"
	"strings"

	"longcat/internal/plaintext"
)

// Measures of the layer map, in SVG units. It is narrow and tall, so that a
// telephone shows it at about its own size: letters stay readable at 400 pixels.
const (
	mapWidth    = 440
	mapMargin   = 16
	parentWidth = 190 // of the parents' column, on the left
	resultLeft  = 310 // where the result's column begins
	resultWidth = mapWidth - mapMargin - resultLeft
	mapHeight   = 520 // of the taller column's layers, about
	maxCell     = 11.0
	nameHeight  = 16 // of a line of text
	nameLetters = 26 // that fit into the parents' column
	labelHeight = 11 // what a run needs to be labelled
	maxParents  = 12 // that are drawn
	maxCells    = 1000
)

// The parents' colours, told apart by colour-blind eyes too, light enough for
// black letters. Source: Okabe and Ito, "Color Universal Design".
var parentColors = []string{"#56b4e9", "#e69f00", "#2fb98f", "#f0e442", "#cc79a7", "#d98c5f"}

// mapStyle lets the picture follow the page: light by default, dark where the
// reader prefers it. It brings its own ground, so it is readable on any page.
// Letters are of one width, so that what fits is known.
const mapStyle = `<style>
text{font:12px ui-monospace,Menlo,Consolas,monospace}
.ground{fill:#fff;stroke:#d0d7de}.name{fill:#1f2328;font-weight:600}.note{fill:#59636e}
.label{fill:#000;text-anchor:middle}.frame{fill:none;stroke:#8c959f}.unused{fill:#8c959f;fill-opacity:.12}
.tick{stroke:#fff;stroke-opacity:.55}.again{fill:#fff;fill-opacity:.45}.ribbon{fill-opacity:.3;stroke-opacity:.6}
.curve{fill-opacity:.6}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117;stroke:#3d444d}.name{fill:#f0f6fc}.note{fill:#9198a1}.frame{stroke:#6e7681}
.tick{stroke:#0d1117}.again{fill:#0d1117;fill-opacity:.35}.ribbon{fill-opacity:.4}}
</style>
`

// layerMap is the picture while it is drawn: the parents below each other on the
// left, the result on the right, and between them ribbons from each run of
// layers to where it went. Names are above each part of a column, where no
// ribbon passes.
type layerMap struct {
	strings.Builder
	parents []Parent
	layers  []Layer
	counts  []int     // how many layers each drawn parent has
	tops    []float64 // where each parent's layers begin
	top     float64   // where the result's layers begin
	cell    float64   // height of a layer
	height  float64
}

// LayerMapSVG draws which layers of the parents are where in the result. Each
// run of the result says where it comes from; a layer that is used again is
// faded, one that is not used is grey. A parent with a gradient shows it as a
// curve: as wide as the parent's weight at that layer. The same layers give the
// same bytes; it reads well in light and in dark mode.
func LayerMapSVG(parents []Parent, layers []Layer) []byte {
	m := &layerMap{parents: parents[:min(len(parents), maxParents)], layers: layers[:min(len(layers), maxCells)]}
	m.measure()
	fmt.Fprintf(m, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" width="%d" height="%.0f" role="img" aria-labelledby="title text">`+"\n",
		mapWidth, m.height, mapWidth, m.height)
	fmt.Fprintf(m, "<title id=\"title\">Layer map</title>\n<desc id=\"text\">%s</desc>\n", xmlText(LayerMapText(m.parents, m.layers)))
	m.WriteString(mapStyle)
	fmt.Fprintf(m, `<rect class="ground" x=".5" y=".5" width="%d" height="%.0f" rx="8"/>`+"\n", mapWidth-1, m.height-1)
	runs := blocks(m.layers)
	for _, b := range runs {
		m.ribbons(b)
	}
	for i := range m.parents {
		m.drawParent(i)
	}
	m.drawResult(runs)
	m.WriteString("</svg>\n")
	return []byte(m.String())
}

// measure finds how tall a layer is and the position of everything.
func (m *layerMap) measure() {
	all := 0
	for i, p := range m.parents {
		have := p.Layers
		for _, l := range m.layers {
			for _, s := range l {
				if s.Parent == i {
					have = max(have, s.Layer+1)
				}
			}
		}
		m.counts = append(m.counts, max(0, min(have, maxCells)))
		all += m.counts[i]
	}
	m.cell = min(maxCell, mapHeight/float64(max(1, all, len(m.layers))))
	y := float64(mapMargin)
	for i, p := range m.parents {
		y += float64(nameHeight * len(nameLines(m.letter(i), p)))
		m.tops = append(m.tops, y+4)
		y += 4 + float64(m.counts[i])*m.cell + 14
	}
	m.top = mapMargin + 2*nameHeight + 4
	m.top = max(m.top, (y-float64(len(m.layers))*m.cell)/2)
	m.height = max(y, m.top+float64(len(m.layers))*m.cell+14) + 2
}

// letter is what the result's runs call a parent by; one parent needs none.
func (m *layerMap) letter(parent int) string {
	if len(m.parents) < 2 || parent < 0 || parent >= len(m.parents) {
		return ""
	}
	return string(rune('A' + parent))
}

// nameLines are the parent's owner, its name in one or two lines, and its
// parameters.
func nameLines(letter string, p Parent) []string {
	owner, name, found := strings.Cut(plaintext.Line(p.Name(), 200), "/")
	if !found {
		owner, name = "", owner
	}
	first := strings.TrimSpace(letter + " " + owner)
	if owner == "" {
		name, first = strings.TrimSpace(letter+" "+name), ""
	} else {
		first += "/"
	}
	var lines []string
	if first != "" {
		lines = append(lines, plaintext.Shorten(first, nameLetters))
	}
	if letters := []rune(name); len(letters) > nameLetters {
		lines = append(lines, string(letters[:nameLetters]), plaintext.Shorten(string(letters[nameLetters:]), nameLetters))
	} else {
		lines = append(lines, name)
	}
	if note := p.note(); note != "" {
		lines = append(lines, plaintext.Shorten(note, nameLetters))
	}
	return lines
}

// note is the first of the parent's parameters, for the picture.
func (p Parent) note() string {
	switch {
	case p.Base && len(p.Params) == 0:
		return "base"
	case len(p.Params) == 0:
		return ""
	case len(p.Params) == 1:
		return p.Params[0].String()
	}
	return p.Params[0].String() + ", …"
}

// ribbons join a run of layers with their sources.
func (m *layerMap) ribbons(b block) {
	const from, to, middle = mapMargin + parentWidth, resultLeft, (mapMargin + parentWidth + resultLeft) / 2
	for _, s := range b.first {
		if s.Parent < 0 || s.Parent >= len(m.parents) || s.Layer < 0 || s.Layer >= m.counts[s.Parent] {
			continue
		}
		y1 := m.tops[s.Parent] + float64(s.Layer)*m.cell
		y2 := m.tops[s.Parent] + float64(min(s.Layer+b.steps, m.counts[s.Parent]))*m.cell
		y3 := m.top + float64(b.at)*m.cell
		y4 := m.top + float64(b.at+b.layers())*m.cell
		fmt.Fprintf(m, `<path class="ribbon" fill="%s" stroke="%s" d="M%d %.1fC%d %.1f %d %.1f %d %.1fV%.1fC%d %.1f %d %.1f %d %.1fZ"/>`+"\n",
			parentColor(s.Parent), parentColor(s.Parent), from, y1, middle, y1, middle, y3, to, y3, y4, middle, y4, middle, y2, from, y2)
	}
}

func parentColor(parent int) string { return parentColors[max(parent, 0)%len(parentColors)] }
