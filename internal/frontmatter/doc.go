// Package frontmatter reads and edits the YAML at the head of a README.md: the
// metadata of a model card, between two lines "---". Whoever needs it, to write
// cards, to check them or to serve them, finds it by the same rule: the Hub's.
//
// A File keeps the file's own bytes. Editing a key touches that key's lines and
// nothing else, so a person's comments, order, quoting and line endings stay.
package frontmatter
