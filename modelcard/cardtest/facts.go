// Package cardtest makes merges up, for tests of cards: many different ones,
// the same for the same seed, with names and parents' cards as nasty as a Hub
// can hold them.
package cardtest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"longcat/modelcard"
)

// Nasty are texts that break out of what they are put into, if anything lets
// them.
var Nasty = []string{
	"no", "null", "1e3", "2024-01-01", "- item", "key: value", "# heading", "a | b", "`code`", "```",
	"<script>alert(1)</script>", "[x](javascript:alert(1))", "--- ", "\n---\n", "<!-- longcat:end recipe -->",
	"猫 🐈", "'single' \"double\"", "back\\slash", "trailing:", "&amp;", "*star* _under_", "a\tb", "%percent", "@at", "{brace}",
	"\u2028line", "\x00nul\x1b[31m", "~", "!!python/object:os.system", "<<", "=", "0o17", "1_000", "12:30:45", "Yes",
}

var (
	names      = []string{"Cat", "Dog", "Long.Cat", "x_y", "a-b", "Llama-3.1", "7B"}
	licenses   = []string{"apache-2.0", "mit", "llama3.1", "other", "cc-by-nc-4.0"}
	languages  = []string{"en", "fr", "no", "zh", "code", "multilingual", "zh-CN", "English"}
	classes    = []string{"LlamaForCausalLM", "MistralForCausalLM", "BertForMaskedLM", "StrangeModel", ""}
	methods    = []string{"passthrough", "linear", "slerp", ""}
	pipelines  = []string{"text-generation", "fill-mask", "no-such-task", ""}
	recipeText = "slices:\n- sources:\n  - model: %s\n    layer_range: [0, %d]\nmerge_method: passthrough\n# %s\n"
)

// Facts is a merge with everything about it chosen by r. Its parents state the
// same licence.
func Facts(r *rand.Rand) modelcard.Facts {
	pick := func(from []string) string { return from[r.IntN(len(from))] }
	license := pick(licenses)
	f := modelcard.Facts{
		Repo:         fmt.Sprintf("user-%d/%s-%d", r.IntN(100), pick(names), r.IntN(100)),
		Method:       pick(methods),
		RecipeFile:   modelcard.RecipeConfigFile,
		Params:       r.Int64N(2e11),
		Size:         r.Int64N(4e11),
		DType:        "bfloat16",
		Architecture: pick(classes),
		CustomCode:   r.IntN(8) == 0,
		ChatTemplate: r.IntN(2) == 0,
		MadeWith:     "longcat 1.0.0",
		Mergekit:     r.IntN(4) == 0,
	}
	if r.IntN(3) == 0 {
		f.Title = pick(Nasty)
	}
	for range 1 + r.IntN(4) {
		p := modelcard.Parent{
			Model:  fmt.Sprintf("org-%d/%s", r.IntN(6), pick(names)),
			Commit: fmt.Sprintf("%040x", r.Uint64()),
			Layers: 1 + r.IntN(60),
		}
		if r.IntN(5) == 0 {
			p.Model, p.Local, p.Commit = "/home/someone/models/"+pick(names), true, ""
		}
		p.Card = parentCard(license, pick)
		f.Parents = append(f.Parents, p)
	}
	f.Layers = layers(r, f.Parents)
	f.Recipe = fmt.Appendf(nil, recipeText, f.Parents[0].Model, len(f.Layers), strings.ReplaceAll(pick(Nasty), "\n", "\n# "))
	return f
}

// parentCard is front matter that Hub and author may have written.
func parentCard(license string, pick func([]string) string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "---\nlicense: %s\n", license)
	if license == "other" {
		b.WriteString("license_name: cat-1.0\nlicense_link: LICENSE\n")
	}
	fmt.Fprintf(&b, "language:\n- %q\n- %q\n", pick(languages), pick(languages))
	if tag := pick(pipelines); tag != "" {
		fmt.Fprintf(&b, "pipeline_tag: %s\n", tag)
	}
	fmt.Fprintf(&b, "tags:\n- %q\n- merge\n- chat\n- gguf\n", strings.ToValidUTF8(pick(Nasty), ""))
	fmt.Fprintf(&b, "datasets: [someone/data, \"prose data\"]\n---\n# %s\n", pick(Nasty))
	return []byte(b.String())
}

// layers are runs of the parents' layers, some of them repeated.
func layers(r *rand.Rand, parents []modelcard.Parent) []modelcard.Layer {
	var out []modelcard.Layer
	for range 1 + r.IntN(6) {
		p := r.IntN(len(parents))
		from := r.IntN(parents[p].Layers)
		to := from + 1 + r.IntN(parents[p].Layers-from)
		for l := from; l < to; l++ {
			for range 1 + r.IntN(6)/5 {
				out = append(out, modelcard.Layer{{Parent: p, Layer: l}})
			}
		}
	}
	return out
}
