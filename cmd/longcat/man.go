package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCmd writes the manual pages, for packages: people have --help.
func (a *app) manCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write manual pages of all commands into a folder",
		Hidden:  true,
		Example: commandExample("longcat man ./man1"),
		Args:    exactly(1, "a folder"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o777); err != nil {
				return err
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true // no date: the same pages for the same version
			return doc.GenManTree(root, &doc.GenManHeader{Title: "LONGCAT", Section: "1", Source: "longcat " + release}, args[0])
		},
	}
}
