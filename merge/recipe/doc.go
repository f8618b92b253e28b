// Package recipe is the language in which merges are written: the YAML of
// mergekit 0.1.5, all methods and parameters of it.
//
// [Parse] decodes a text and checks all that can be checked without the models:
// keys, types, which parameters a method takes and in which bounds, how many
// models it wants. What is wrong is an [*Error] with line and column, what has
// no effect or may not be meant a [Warning] with them. Numbers that depend on
// the tensor (gradients over the layers, conditions on a tensor's name) are
// worked out by [Slice.Values].
//
// The language itself is two tables: [Objects], the keys that each mapping may
// hold, and [Methods], the merge methods with their parameters. Decoder,
// messages, docs/recipes.md, docs/recipe.schema.json and the command's help are
// made from them, so a new method is one entry.
package recipe
