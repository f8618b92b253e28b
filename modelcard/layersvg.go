package modelcard

import (
	"fmt"
	"html"
	"strings"

	"longcat/internal/plaintext"
)

// Measures of the layer map, in SVG units; one is a pixel in a card's column.
const (
	mapWidth   = 880
	mapMargin  = 20
	laneHeight = 22
	laneGap    = 46 // room for a lane's name and the ribbons
	maxLanes   = 12 // parents that are drawn
	maxCells   = 1000
)

// The parents' colours, told apart by colour-blind eyes too, light enough for
// black digits. Source: Okabe and Ito, "Color Universal Design".
var laneColors = []string{"#56b4e9", "#e69f00", "#2fb98f", "#f0e442", "#cc79a7", "#d98c5f"}

// mapStyle lets the picture follow the page: light by default, dark where the
// reader prefers it. It brings its own ground, so it is readable on any page.
const mapStyle = `<style>
.ground{fill:#fff;stroke:#d0d7de}.name{fill:#1f2328;font:600 13px sans-serif}
.note{fill:#59636e;font:12px sans-serif}.digit{fill:#000;font:10px sans-serif;text-anchor:middle}
.unused{fill:#fff;stroke:#8c959f;stroke-dasharray:2 2}.faint{fill:#59636e;font:10px sans-serif;text-anchor:middle}
.cell{stroke:#fff}.again{fill-opacity:.5}.ribbon{fill-opacity:.28;stroke-opacity:.7}
@media (prefers-color-scheme:dark){
.ground{fill:#0d1117;stroke:#3d444d}.name{fill:#f0f6fc}.note,.faint{fill:#9198a1}
.cell{stroke:#0d1117}.unused{fill:#0d1117}.again{fill-opacity:.72}.ribbon{fill-opacity:.38}}
</style>
`

// layerMap is the picture while it is drawn. Lanes stand below each other: the
// parents', then the result's.
type layerMap struct {
	strings.Builder
	parents []Parent
	layers  []Layer
	lanes   []int // how many layers each drawn parent has
	cell    float64
}

// LayerMapSVG draws which layers of the parents stand where in the result:
// parents above, result below, a ribbon from each run of layers to where it
// went, each cell with the layer's number in its source. A layer that is used
// again is faded, one that is not used is hollow. The same layers give the same
// bytes; it reads well in light and in dark mode.
func LayerMapSVG(parents []Parent, layers []Layer) []byte {
	m := &layerMap{parents: parents[:min(len(parents), maxLanes)], layers: layers[:min(len(layers), maxCells)]}
	widest := len(m.layers)
	for i, p := range m.parents {
		have := p.Layers
		for _, l := range m.layers {
			for _, s := range l {
				if s.Parent == i {
					have = max(have, s.Layer+1)
				}
			}
		}
		m.lanes = append(m.lanes, min(have, maxCells))
		widest = max(widest, m.lanes[i])
	}
	m.cell = min(26, float64(mapWidth-2*mapMargin)/float64(max(1, widest)))
	m.draw()
	return []byte(m.String())
}

func (m *layerMap) draw() {
	height := int(m.top(len(m.lanes))) + laneHeight + 40
	fmt.Fprintf(m, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title text">`+"\n",
		mapWidth, height, mapWidth, height)
	fmt.Fprintf(m, "<title id=\"title\">Layer map</title>\n<desc id=\"text\">%s</desc>\n", xmlText(LayerMapText(m.parents, m.layers)))
	m.WriteString(mapStyle)
	fmt.Fprintf(m, `<rect class="ground" x=".5" y=".5" width="%d" height="%d" rx="8"/>`+"\n", mapWidth-1, height-1)
	for _, b := range blocks(m.layers) {
		m.ribbons(b)
	}
	for i := range m.lanes {
		m.parentLane(i)
	}
	m.resultLane()
	m.WriteString("</svg>\n")
}

// top is where a lane's cells begin; the result's lane comes after the last
// parent's.
func (m *layerMap) top(lane int) float64 {
	extra := 0
	if lane == len(m.lanes) {
		extra = 44
	}
	return float64(40 + lane*(laneHeight+laneGap) + extra)
}

func (m *layerMap) x(layer int) float64 { return mapMargin + float64(layer)*m.cell }

// ribbons join a run of layers with their sources.
func (m *layerMap) ribbons(b block) {
	for _, s := range b.first {
		if s.Parent < 0 || s.Parent >= len(m.lanes) {
			continue
		}
		from, to := m.top(s.Parent)+laneHeight, m.top(len(m.lanes))
		middle := (from + to) / 2
		x1, x2 := m.x(s.Layer), m.x(s.Layer+b.steps)
		x3, x4 := m.x(b.at), m.x(b.at+b.layers())
		fmt.Fprintf(m, `<path class="ribbon" fill="%s" stroke="%s" d="M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fH%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ"/>`+"\n",
			laneColor(s.Parent), laneColor(s.Parent), x1, from, x1, middle, x3, middle, x3, to, x4, x4, middle, x2, middle, x2, from)
	}
}

func (m *layerMap) parentLane(parent int) {
	used := make([]bool, m.lanes[parent])
	for _, l := range m.layers {
		for _, s := range l {
			if s.Parent == parent && s.Layer >= 0 && s.Layer < len(used) {
				used[s.Layer] = true
			}
		}
	}
	y := m.top(parent)
	m.caption(y, m.parents[parent].Name(), fmt.Sprintf("%d layers", len(used)))
	for layer, is := range used {
		if is {
			m.box(layer, y, laneColor(parent), "cell", "digit", layer)
		} else {
			m.box(layer, y, "#fff", "unused", "faint", layer)
		}
	}
}

func (m *layerMap) resultLane() {
	y := m.top(len(m.lanes))
	seen := map[Source]bool{}
	again := false
	for i, l := range m.layers {
		if len(l) == 0 {
			m.box(i, y, "#fff", "unused", "faint", i)
			continue
		}
		class := "cell"
		if seen[l[0]] {
			class, again = "cell again", true
		}
		seen[l[0]] = true
		m.box(i, y, laneColor(l[0].Parent), class, "digit", l[0].Layer)
		m.stripes(i, y, l[1:])
	}
	note := fmt.Sprintf("%d layers", len(m.layers))
	if m.hasRoom(0) {
		note += ", numbered as in their source"
	}
	if again {
		note += "; faded: used again"
	}
	fmt.Fprintf(m, `<text x="%d" y="%.0f"><tspan class="name">Merged model</tspan><tspan class="note" dx="8">%s</tspan></text>`+"\n",
		mapMargin, y+laneHeight+20, note)
}

// stripes at a layer's foot are the other sources that it is mixed from.
func (m *layerMap) stripes(at int, y float64, others Layer) {
	const high = 4
	for i, s := range others[:min(len(others), 3)] {
		fmt.Fprintf(m, `<rect fill="%s" x="%.1f" y="%.0f" width="%.1f" height="%d"/>`+"\n",
			laneColor(s.Parent), m.x(at), y+laneHeight-float64((i+1)*high), m.cell, high)
	}
}

func (m *layerMap) caption(y float64, name, note string) {
	fmt.Fprintf(m, `<text x="%d" y="%.0f"><tspan class="name">%s</tspan><tspan class="note" dx="8">%s</tspan></text>`+"\n",
		mapMargin, y-10, xmlText(plaintext.Shorten(oneLine(name), 70)), note)
}

// box is one layer; its number is left out where it has no room.
func (m *layerMap) box(at int, y float64, fill, class, digits string, number int) {
	fmt.Fprintf(m, `<rect class="%s" fill="%s" x="%.1f" y="%.0f" width="%.1f" height="%d"/>`+"\n", class, fill, m.x(at), y, m.cell, laneHeight)
	if m.hasRoom(number) {
		fmt.Fprintf(m, `<text class="%s" x="%.1f" y="%.0f">%d</text>`+"\n", digits, m.x(at)+m.cell/2, y+14, number)
	}
}

// hasRoom says whether a number fits into a cell.
func (m *layerMap) hasRoom(number int) bool { return m.cell >= float64(6*len(fmt.Sprint(number))+2) }

func laneColor(parent int) string { return laneColors[max(parent, 0)%len(laneColors)] }

// xmlText is s for an SVG file: escaped, and without the characters that XML
// can not hold.
func xmlText(s string) string {
	return html.EscapeString(strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
}
