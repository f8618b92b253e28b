package modelcard

import (
	"fmt"
	"slices"
	"strings"
)

// block is a run of the result's layers that one line can describe: steps
// layers of the sources, one after the other, each count times in a row.
type block struct {
	at    int   // the first layer of the result
	first Layer // its sources
	steps int
	count int
}

// layers is how many layers of the result the block makes.
func (b block) layers() int { return b.steps * b.count }

// blocks cuts the result into as few runs as possible, from the first layer on.
func blocks(layers []Layer) []block {
	var out []block
	for at := 0; at < len(layers); {
		count := 1
		for at+count < len(layers) && slices.Equal(layers[at+count], layers[at]) {
			count++
		}
		if n := len(out); n > 0 && out[n-1].count == count && follows(out[n-1], layers[at]) {
			out[n-1].steps++
		} else {
			out = append(out, block{at: at, first: layers[at], steps: 1, count: count})
		}
		at += count
	}
	return out
}

// follows says whether next is what comes after the block's last layer in
// every source.
func follows(b block, next Layer) bool {
	return slices.EqualFunc(b.first, next, func(x, y Source) bool {
		return x.Parent == y.Parent && x.Layer+b.steps == y.Layer
	})
}

// maxMapLines bounds the text: nobody reads more.
const maxMapLines = 200

// LayerMapText says in a few lines which layers of the parents are where in
// the result:
//
//	 0–7  ← user/base 0–7
//	8–39  ← user/base 8–23, each 2 times in a row
func LayerMapText(parents []Parent, layers []Layer) string {
	all := blocks(layers)
	width := 0
	for _, b := range all {
		width = max(width, len([]rune(span(b.at, b.layers()))))
	}
	var out strings.Builder
	for i, b := range all {
		if i == maxMapLines {
			fmt.Fprintf(&out, "… and %d more runs\n", len(all)-i)
			break
		}
		var sources []string
		for _, s := range b.first {
			sources = append(sources, parentName(parents, s.Parent)+" "+span(s.Layer, b.steps))
		}
		fmt.Fprintf(&out, "%*s ← %s", width, span(b.at, b.layers()), strings.Join(sources, " + "))
		switch {
		case b.count > 1 && b.steps > 1:
			fmt.Fprintf(&out, ", each %d times in a row", b.count)
		case b.count > 1:
			fmt.Fprintf(&out, ", %d times in a row", b.count)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

// span is n numbers from first on: "8–23".
func span(first, n int) string {
	if n == 1 {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d–%d", first, first+n-1)
}

func parentName(parents []Parent, i int) string {
	if i < 0 || i >= len(parents) {
		return "?"
	}
	return oneLine(parents[i].Name())
}
