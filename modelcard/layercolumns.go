package modelcard

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// drawParent draws a parent's layers: used ones in its colour, the others grey;
// one with a gradient as a curve.
func (m *layerMap) drawParent(parent int) {
	y := m.tops[parent] - 4
	lines := nameLines(m.letter(parent), m.parents[parent])
	for i, line := range lines {
		class := "name"
		if i == len(lines)-1 && m.parents[parent].note() != "" {
			class = "note"
		}
		fmt.Fprintf(m, `<text class="%s" x="%d" y="%.1f">%s</text>`+"\n", class, mapMargin, y-float64((len(lines)-1-i)*nameHeight)-2, xmlText(line))
	}
	count := m.counts[parent]
	if count == 0 {
		return
	}
	m.rect("unused", "", mapMargin, m.tops[parent], parentWidth, float64(count)*m.cell)
	params := m.parents[parent].Params
	runs := m.used(parent)
	if curve := slices.IndexFunc(params, func(p Param) bool { return len(p.Values) > 1 }); curve >= 0 {
		for _, p := range params { // of other parts of a layer too
			if p.Name == params[curve].Name && len(p.Values) > 1 {
				m.curve(parent, p.Values)
			}
		}
		runs = nil
	}
	for _, run := range runs {
		m.rect("", parentColor(parent), mapMargin, m.tops[parent]+float64(run[0])*m.cell, parentWidth, float64(run[1]-run[0])*m.cell)
	}
	m.ticks(mapMargin, m.tops[parent], parentWidth, count)
	for _, run := range runs {
		m.label(mapMargin+parentWidth/2, m.tops[parent], run[0], run[1]-run[0], span(run[0], run[1]-run[0]))
	}
	m.rect("frame", "none", mapMargin, m.tops[parent], parentWidth, float64(count)*m.cell)
}

// used are the runs of a parent's layers, from … to, that are in the result.
func (m *layerMap) used(parent int) (runs [][2]int) {
	used := make([]bool, m.counts[parent]+1) // the last one ends a run
	for _, l := range m.layers {
		for _, s := range l {
			if s.Parent == parent && s.Layer >= 0 && s.Layer < m.counts[parent] {
				used[s.Layer] = true
			}
		}
	}
	from := -1
	for i, is := range used {
		switch {
		case is && from < 0:
			from = i
		case !is && from >= 0:
			runs = append(runs, [2]int{from, i})
			from = -1
		}
	}
	return runs
}

// curve draws values over a parent's layers: the larger, the wider.
func (m *layerMap) curve(parent int, values []float64) {
	most := 0.0
	for _, v := range values {
		most = max(most, v, -v)
	}
	if !(most > 0) {
		return
	}
	height := float64(m.counts[parent]) * m.cell
	fmt.Fprintf(m, `<path class="curve" fill="%s" d="M%d %.1f`, parentColor(parent), mapMargin, m.tops[parent])
	for i, v := range values[:min(len(values), maxCells)] {
		at := m.tops[parent] + height*float64(i)/float64(len(values)-1)
		fmt.Fprintf(m, "L%.1f %.1f", mapMargin+parentWidth*max(v, -v)/max(most, 1), at)
	}
	fmt.Fprintf(m, `L%d %.1fZ"/>`+"\n", mapMargin, m.tops[parent]+height)
}

// drawResult draws the result's runs, each with where it comes from.
func (m *layerMap) drawResult(runs []block) {
	fmt.Fprintf(m, `<text class="name" x="%d" y="%.1f">Merged model</text>`+"\n", resultLeft, m.top-nameHeight-6)
	fmt.Fprintf(m, `<text class="note" x="%d" y="%.1f">%d layers</text>`+"\n", resultLeft, m.top-6, len(m.layers))
	seen := map[Source]bool{}
	for _, b := range runs {
		m.mixed(b)
		for i := range b.layers() {
			l := m.layers[b.at+i]
			if len(l) > 0 && seen[l[0]] && len(l) == 1 {
				m.rect("again", "", resultLeft, m.top+float64(b.at+i)*m.cell, resultWidth, m.cell)
			}
			if len(l) > 0 {
				seen[l[0]] = true
			}
		}
		fmt.Fprintf(m, `<path class="tick" style="stroke-opacity:1" d="M%d %.1fh%d"/>`+"\n", resultLeft, m.top+float64(b.at)*m.cell, resultWidth)
	}
	m.ticks(resultLeft, m.top, resultWidth, len(m.layers))
	for _, b := range runs {
		m.label(resultLeft+resultWidth/2, m.top, b.at, b.layers(), m.runLabel(b))
	}
	if len(m.layers) > 0 {
		m.rect("frame", "none", resultLeft, m.top, resultWidth, float64(len(m.layers))*m.cell)
	}
}

// mixed fills a run with the colours of its sources, side by side.
func (m *layerMap) mixed(b block) {
	y, height := m.top+float64(b.at)*m.cell, float64(b.layers())*m.cell
	if len(b.first) == 0 {
		m.rect("unused", "", resultLeft, y, resultWidth, height)
	}
	for i, s := range b.first {
		width := float64(resultWidth) / float64(len(b.first))
		m.rect("", parentColor(s.Parent), resultLeft+float64(i)*width, y, width, height)
	}
}

// runLabel is where a run comes from: "B 8–23 ×2".
func (m *layerMap) runLabel(b block) string {
	if len(b.first) == 0 {
		return ""
	}
	var letters strings.Builder
	for i, s := range b.first {
		if i > 0 && len(b.first) <= 4 {
			letters.WriteByte('+')
		}
		letters.WriteString(m.letter(s.Parent))
	}
	text := strings.TrimSpace(strings.Trim(letters.String(), "+") + " " + span(b.first[0].Layer, b.steps))
	if b.count > 1 {
		text += fmt.Sprintf(" ×%d", b.count)
	}
	return text
}

// label writes text into a run of layers that is high enough for it.
func (m *layerMap) label(x, top float64, at, layers int, text string) {
	if height := float64(layers) * m.cell; height >= labelHeight && len([]rune(text))*7 < resultWidth {
		fmt.Fprintf(m, `<text class="label" x="%.1f" y="%.1f">%s</text>`+"\n", x, top+float64(at)*m.cell+height/2+4, xmlText(text))
	}
}

// ticks part the layers where they are high enough for it.
func (m *layerMap) ticks(x, top, width float64, layers int) {
	if m.cell < 4 || layers < 2 {
		return
	}
	m.WriteString(`<path class="tick" d="`)
	for i := 1; i < layers; i++ {
		fmt.Fprintf(m, "M%.0f %.1fh%.0f", x, top+float64(i)*m.cell, width)
	}
	m.WriteString("\"/>\n")
}

func (m *layerMap) rect(class, fill string, x, y, width, height float64) {
	if class != "" {
		class = fmt.Sprintf(` class="%s"`, class)
	}
	if fill != "" {
		fill = fmt.Sprintf(` fill="%s"`, fill)
	}
	fmt.Fprintf(m, `<rect%s%s x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`+"\n", class, fill, x, y, width, height)
}

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
