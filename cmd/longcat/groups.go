package main

import (
	"strings"

	"github.com/spf13/cobra"

	"longcat/internal/suggest"
)

// group makes cmd one that does nothing but hold others.
func group(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return unknownCommand(cmd, args[0])
		}
		return cmd.Help()
	}
}

// help is cobra's help command, but that an unknown name is an error.
func help(cmd *cobra.Command, args []string) error {
	about, rest, err := cmd.Root().Find(args)
	if err == nil && len(rest) > 0 {
		err = unknownCommand(about, rest[0])
	}
	if err != nil {
		return err
	}
	about.InitDefaultHelpFlag() // so that it says the same as --help
	return about.Help()
}

func unknownCommand(root *cobra.Command, name string) error {
	var known []string
	for _, cmd := range root.Commands() {
		if cmd.IsAvailableCommand() {
			known = append(known, cmd.Name())
		}
	}
	if near := suggest.Nearest(name, known); near != "" {
		return usagef("unknown command %q, did you mean %q?", name, near)
	}
	return usagef("unknown command %q", name)
}

// exactly is cobra.ExactArgs with a message that says what is wanted.
func exactly(n int, what string) cobra.PositionalArgs {
	return between(n, n, what)
}

func between(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || (most >= 0 && len(args) > most) {
			return usagef("%s wants %s; arguments given: %d", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

// commandExample indents examples as cobra shows them.
func commandExample(lines ...string) string { return "  " + strings.Join(lines, "\n  ") }
