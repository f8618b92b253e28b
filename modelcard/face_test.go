package modelcard_test

import (
	"encoding/xml"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"longcat/modelcard"
)

func cardText(t *testing.T, f modelcard.Facts) string {
	t.Helper()
	readme, err := modelcard.Generate(f)
	if err != nil {
		t.Fatal(err)
	}
	if problems := modelcard.Check(readme); len(problems) > 0 {
		t.Errorf("%v", problems)
	}
	return string(readme)
}

// The use comes first, and what can not be expected is said before it.
func TestOrderOfSections(t *testing.T) {
	f := seed()
	f.Context = 32768
	text := cardText(t, f)
	at := 0
	for _, part := range []string{
		"# LongCAT", "Context: 32768 tokens", "not trained or evaluated", "further training", "## How to use it",
		`output[0][inputs["input_ids"].shape[1]:], skip_special_tokens=True`, "## Layers", "## Parents", "## Recipe", "## How it was made", "?other=longcat",
	} {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("no %q behind %d:\n%s", part, at, text)
		}
		at += i
	}
	f.Layers = f.Layers[:0]
	for i := range 32 {
		f.Layers = append(f.Layers, modelcard.Layer{{Layer: i}})
	}
	if strings.Contains(cardText(t, f), "further training") {
		t.Error("layers that stand where they stood are said to be stacked")
	}
}

func TestLongRecipeIsFolded(t *testing.T) {
	f := seed()
	f.Recipe = append(f.Recipe, strings.Repeat("# a line\n", 30)...)
	text := cardText(t, f)
	if !strings.Contains(text, "<details>\n<summary>36 lines of YAML</summary>\n\n```yaml\nslices:") || !strings.Contains(text, "```\n\n</details>\n") {
		t.Error(text)
	}
	r, err := modelcard.FindRecipe(nil, []byte(text))
	if err != nil || string(r.Text) != string(f.Recipe) {
		t.Errorf("the folded recipe is not found: %v", err)
	}
	if strings.Contains(cardText(t, seed()), "<details>") {
		t.Error("a short recipe is folded")
	}
}

// Commands work where they are said to.
func TestCommands(t *testing.T) {
	f := seed()
	f.Repo, f.Title, f.Flags = "", "cat", "--shard-size 2GB"
	text := cardText(t, f)
	for _, want := range []string{"in the directory of this file:", "longcat verify .\n", "longcat merge mergekit_config.yml ../again --shard-size 2GB\n", `from_pretrained(".", `} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "hf download") {
		t.Error("a model that is in no repo is downloaded")
	}
	f.Parents = append(f.Parents[:1:1], modelcard.Parent{Model: "/home/me/x", Local: true, Card: f.Parents[0].Card})
	if text := cardText(t, f); strings.Contains(text, "longcat merge") || !strings.Contains(text, "not on a hub") {
		t.Errorf("a merge of local models is made again elsewhere:\n%s", text)
	}
}

// computed is a merge of two models by weights that change over the layers.
func computed() modelcard.Facts {
	f := two()
	f.Method, f.Layers = "dare_ties", nil
	seed := int64(42)
	f.Seed, f.Precise = &seed, true
	var up []float64
	for i := range 32 {
		f.Layers = append(f.Layers, modelcard.Layer{{Parent: 0, Layer: i}, {Parent: 1, Layer: i}})
		up = append(up, float64(i)/31)
	}
	f.Parents[0].Base = true
	f.Parents[1].Params = []modelcard.Param{{Name: "weight", Values: up}, {Name: "density", Part: "mlp", Values: []float64{0.5}}}
	return f
}

func TestComputedMerge(t *testing.T) {
	f := computed()
	text := cardText(t, f)
	for _, want := range []string{
		"is a merge by `dare_ties` ([DARE and TIES](https://arxiv.org/abs/2311.03099)) of ", "| base |", "| weight 0 → 1, density of mlp 0.5 |",
		"seed 42", "float64", "0–31 ← rishiraj/CatPPT-base 0–31 + another/Mistral-7B 0–31",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "further training") {
		t.Error("a computed merge is said to be stacked")
	}
	svg := string(modelcard.LayerMapSVG(f.Parents, f.Layers))
	for _, want := range []string{`class="curve"`, "weight 0 → 1, …", ">base<", "A+B 0–31"} {
		if !strings.Contains(svg, want) {
			t.Errorf("no %q in the picture", want)
		}
	}
}

func TestParamString(t *testing.T) {
	for want, values := range map[string][]float64{
		"t 0.5":               {0.5},
		"t 0 → 1":             {0, 0.25, 0.5, 1},
		"t 0 → 1 → 0":         {0, 0.5, 1, 0.5, 0},
		"t 0.3":               {0.3, 0.3, 0.3},
		"t between 0.1 and 1": {0.1, 1, 0.1, 1, 0.1, 1, 0.1},
		"t ":                  nil,
	} {
		if got := (modelcard.Param{Name: "t", Values: values}).String(); got != want {
			t.Errorf("%v: %q, want %q", values, got, want)
		}
	}
}

// Ribbons pass beside the names, and letters are large enough for a telephone.
func TestLayerMapReadable(t *testing.T) {
	five := two()
	for i := range 3 {
		five.Parents = append(five.Parents, modelcard.Parent{Model: fmt.Sprintf("a-long-organisation/A-Very-Long-Name-Of-A-Model-v0.%d", i), Layers: 32})
		for l := range 8 {
			five.Layers = append(five.Layers, modelcard.Layer{{Parent: 2 + i, Layer: l}})
		}
	}
	for name, f := range map[string]modelcard.Facts{"one": seed(), "stacked": stacked(), "two": two(), "five": five, "computed": computed()} {
		svg := string(modelcard.LayerMapSVG(f.Parents, f.Layers))
		var root struct {
			ViewBox string `xml:"viewBox,attr"`
			Texts   []struct {
				X    float64 `xml:"x,attr"`
				Text string  `xml:",chardata"`
			} `xml:"text"`
			Paths []struct {
				Class string `xml:"class,attr"`
				D     string `xml:"d,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal([]byte(svg), &root); err != nil {
			t.Fatal(err)
		}
		width, err := strconv.ParseFloat(strings.Fields(root.ViewBox)[2], 64)
		if err != nil || width > 480 {
			t.Errorf("%s: %s wide: too small at 400 pixels", name, root.ViewBox)
		}
		left, right := width, 0.0 // of the ribbons
		for _, p := range root.Paths {
			if p.Class != "ribbon" {
				continue
			}
			m := regexp.MustCompile(`^M(\d+) [\d.]+C\d+ [\d.]+ \d+ [\d.]+ (\d+) `).FindStringSubmatch(p.D)
			from, _ := strconv.ParseFloat(m[1], 64)
			to, _ := strconv.ParseFloat(m[2], 64)
			left, right = min(left, from), max(right, to)
		}
		for _, text := range root.Texts {
			const letter = 7.3 // of the picture's monospaced 12 px
			if end := text.X + letter*float64(len([]rune(text.Text))); text.X < left && end > left || text.X > left && text.X < right || end > width+letter {
				if text.X < right { // labels within the columns are centred
					t.Errorf("%s: %q from %.0f to %.0f runs into the ribbons, %.0f to %.0f", name, text.Text, text.X, end, left, right)
				}
			}
		}
	}
}
