package modelcard_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"longcat/modelcard"
)

func TestLayerMapText(t *testing.T) {
	names := []modelcard.Parent{{Model: "a/a"}, {Model: "/models/b", Local: true}}
	one := func(layers ...int) (out []modelcard.Layer) {
		for _, l := range layers {
			out = append(out, modelcard.Layer{{Layer: l}})
		}
		return out
	}
	both := []modelcard.Layer{{{Parent: 0, Layer: 3}, {Parent: 1, Layer: 5}}, {{Parent: 0, Layer: 4}, {Parent: 1, Layer: 6}}}
	for name, tc := range map[string]struct {
		layers []modelcard.Layer
		want   string
	}{
		"as it is":     {one(0, 1, 2), "0–2 ← a/a 0–2\n"},
		"twice each":   {one(0, 1, 1, 2, 2, 3), "  0 ← a/a 0\n1–4 ← a/a 1–2, each 2 times in a row\n  5 ← a/a 3\n"},
		"one twice":    {one(4, 4, 4), "0–2 ← a/a 4, 3 times in a row\n"},
		"stacked":      {one(0, 1, 2, 1, 2, 3), "0–2 ← a/a 0–2\n3–5 ← a/a 1–3\n"},
		"backwards":    {one(1, 0), "0 ← a/a 1\n1 ← a/a 0\n"},
		"two sources":  {both, "0–1 ← a/a 3–4 + b 5–6\n"},
		"nothing":      {nil, ""},
		"not a parent": {[]modelcard.Layer{{{Parent: 9}}}, "0 ← ? 0\n"},
	} {
		if d := cmp.Diff(tc.want, modelcard.LayerMapText(names, tc.layers)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestLayerMapSVG draws odd merges: each is well-formed XML without anything
// that runs.
func TestLayerMapSVG(t *testing.T) {
	many := make([]modelcard.Layer, 5000)
	for i := range many {
		many[i] = modelcard.Layer{{Parent: i % 20, Layer: i}}
	}
	odd := []modelcard.Layer{{{Parent: -1, Layer: -5}}, nil, {{Parent: 3, Layer: 1 << 40}}}
	hostile := modelcard.Parent{Model: "</text><script>alert(1)</script>\x00&\xff", Layers: 1 << 40}
	for name, f := range map[string]modelcard.Facts{
		"nothing":  {},
		"stacked":  stacked(),
		"two":      two(),
		"many":     {Parents: make([]modelcard.Parent, 20), Layers: many},
		"odd":      {Parents: []modelcard.Parent{hostile}, Layers: odd},
		"overflow": {Parents: []modelcard.Parent{{Model: "a/a"}}, Layers: []modelcard.Layer{{{Layer: 1 << 40}}}},
	} {
		svg := modelcard.LayerMapSVG(f.Parents, f.Layers)
		if len(svg) > 2<<20 {
			t.Errorf("%s: %d bytes", name, len(svg))
		}
		dec := xml.NewDecoder(strings.NewReader(string(svg)))
		for {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			if start, ok := token.(xml.StartElement); ok && start.Name.Local == "script" {
				t.Errorf("%s: a script", name)
			}
		}
	}
}
