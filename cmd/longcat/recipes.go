package main

import (
	"bytes"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"longcat/internal/suggest"
	"longcat/merge/recipe"
)

func (a *app) recipesCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "recipes [METHOD]",
		Short: "Describe the recipe language, or one merge method",
		Long: `Describe the keys of a recipe and the merge methods, or with METHOD the
parameters of one method. --json prints the language as a JSON schema, with
which editors complete and check recipes.`,
		Example: commandExample(
			"longcat recipes ties",
			"longcat recipes --json > recipe.schema.json"),
		Args: between(0, 1, "at most a merge method"),
		RunE: func(_ *cobra.Command, args []string) error {
			switch {
			case a.json:
				_, err := fmt.Fprintf(a.out, "%s\n", bytes.TrimSpace([]byte(recipe.Schema()))) // a schema is its own
				return err
			case len(args) == 0:
				_, err := io.WriteString(a.out, recipe.Help())
				return err
			}
			m := recipe.FindMethod(args[0])
			if m == nil {
				var known []string
				for _, m := range recipe.Methods {
					known = append(known, m.Name)
				}
				if near := suggest.Nearest(args[0], known); near != "" {
					return usagef("unknown merge method %q, did you mean %q?", args[0], near)
				}
				return usagef("unknown merge method %q: longcat recipes lists them", args[0])
			}
			_, err := io.WriteString(a.out, m.Help())
			return err
		},
	}
}
