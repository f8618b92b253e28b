// Package modelcard reads, writes, checks and renews model cards: the README.md
// of a repo on a Hugging Face Hub, with YAML front matter at its head.
//
// A Card keeps the file's own bytes. Editing a key touches that key's lines and
// nothing else, so a person's comments, order, quoting and line endings stay.
// Generate writes the card of a merge from plain Facts; Update renews what
// Generate wrote, and only that; Check says offline what a Hub would refuse;
// FindRecipe reads the recipe out of a published merge; RenderHTML and
// RenderText show a card to people.
//
// The package knows no network and no weights: whoever has planned a merge
// fills in the Facts.
package modelcard
