// Command cards writes model cards, and beside each what longcat sees in it, for
// judge.py to compare with what the Hub's Python library sees.
//
//	go run ./bench/cards DIR && python bench/cards/judge.py DIR
//
// It has to run in the root of the repository: the cards of
// modelcard/testdata/shapes are among them.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"longcat/modelcard"
	"longcat/modelcard/cardtest"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: cards DIR")
	}
	if err := run(os.Args[1]); err != nil {
		log.Fatal("cards: ", err)
	}
}

func run(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(6, 2))
	for i := range 200 {
		readme, err := modelcard.Generate(cardtest.Facts(r))
		if err != nil {
			return fmt.Errorf("generating card %d: %w", i, err)
		}
		if err := write(dir, fmt.Sprintf("generated-%03d", i), readme); err != nil {
			return err
		}
	}
	shapes, err := filepath.Glob("modelcard/testdata/shapes/*.md")
	if err != nil || len(shapes) == 0 {
		return fmt.Errorf("looking for shapes: found %d (%w)", len(shapes), err)
	}
	for _, path := range shapes {
		readme, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		updated, err := modelcard.Update(readme, nil)
		if err != nil {
			return fmt.Errorf("updating %q: %w", path, err)
		}
		if err := write(dir, name, readme); err != nil {
			return err
		}
		if err := write(dir, name+"-updated", updated.README); err != nil {
			return err
		}
	}
	return nil
}

// view is what longcat sees in a card.
type view struct {
	Metadata map[string]any `json:"metadata"`
	Body     string         `json:"body"`
}

func write(dir, name string, readme []byte) error {
	card, err := modelcard.Parse(readme)
	if err != nil {
		return fmt.Errorf("parsing %q: %w", name, err)
	}
	seen := view{Metadata: map[string]any{}, Body: string(card.Body())}
	for _, key := range card.Keys() {
		var value any
		if err := card.Node(key).Decode(&value); err != nil {
			return fmt.Errorf("decoding %q of %q: %w", key, name, err)
		}
		seen.Metadata[key] = value
	}
	text, err := json.MarshalIndent(seen, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+".md"), readme, 0o644)
}
