package longcat

import (
	"longcat/hub"
	"longcat/merge"
)

// Options say what is to be merged. Recipe is required.
type Options struct {
	// Hub is where models that are named by their repo are read, and where
	// results are published. Without it, models are directories only.
	Hub *hub.Client

	Recipe     []byte // mergekit's YAML
	RecipeName string // what messages call it; "recipe" when empty

	// Merge holds the options that change the result's bytes beside the recipe.
	Merge merge.Options

	// Creator is the program and version that cards and repos name as the maker,
	// such as "longcat 1.0.0"; "longcat" when empty.
	Creator string

	// Repair compares all files of the models that are in the hub client's cache
	// with their hashes, and fetches those anew that have other content. Without
	// it such a file is an error, a *cache.CorruptError.
	Repair bool

	Workers  int               // connections at a time; 8 when 0
	Progress Progress          // hears of long work; may be nil
	Notify   func(text string) // hears of what a person should know, a line each; may be nil

	// madeElsewhere is set for a result that nothing says longcat made.
	madeElsewhere bool

	// check is how files that are in the cache already are looked at before they
	// are merged.
	check hub.Check

	// commits pin models to the commits of a lock, by the name that the recipe
	// gives them, or of a card, by repo.
	commits map[string]string
}

func (o Options) notify(text string) {
	if o.Notify != nil {
		o.Notify(text)
	}
}
