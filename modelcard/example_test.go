package modelcard_test

import (
	"fmt"
	"strings"

	"longcat/modelcard"
)

func ExampleGenerate() {
	facts := modelcard.Facts{
		Repo: "me/Cat-3",
		Parents: []modelcard.Parent{{
			Model: "someone/Cat-2", Layers: 2,
			Card: []byte("---\nlicense: mit\nlanguage: en\n---\n# Cat\n"),
		}},
		Layers: []modelcard.Layer{{{Layer: 0}}, {{Layer: 1}}, {{Layer: 1}}},
	}
	readme, err := modelcard.Generate(facts)
	if err != nil {
		fmt.Println(err)
		return
	}
	frontMatter, _, _ := strings.Cut(string(readme), "\n\n")
	fmt.Println(frontMatter)
	fmt.Print(modelcard.LayerMapText(facts.Parents, facts.Layers))
	// Output:
	// ---
	// language:
	// - en
	// license: mit
	// library_name: transformers
	// base_model: someone/Cat-2
	// base_model_relation: merge
	// tags:
	// - merge
	// ---
	//   0 ← someone/Cat-2 0
	// 1–2 ← someone/Cat-2 1, 2 times in a row
}

func ExampleCard_Set() {
	card, err := modelcard.Parse([]byte("---\nlicense: mit # for now\ntags: [cat]\n---\n# Cat\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := card.Set("license", "apache-2.0"); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s", card.Bytes())
	// Output:
	// ---
	// license: apache-2.0 # for now
	// tags: [cat]
	// ---
	// # Cat
}
