package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"longcat/hub"
	"longcat/hub/cache"
)

// completionTime is how long the hub may take for a completion: who presses tab
// is waiting.
const completionTime = 300 * time.Millisecond

// completeFunc is how cobra asks for completions.
type completeFunc = func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective)

// addCompletions makes shells complete what arguments and flags name: by the words
// that a command's usage line has for its arguments.
func (a *app) addCompletions(cmd *cobra.Command) {
	if words := strings.Fields(cmd.Use); len(words) > 1 && cmd.ValidArgsFunction == nil {
		cmd.ValidArgsFunction = a.completeArguments(words[1:])
	}
	for _, flags := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			if complete, ok := a.completeFlag(f); ok {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails only where there is one
			}
		})
	}
	for _, sub := range cmd.Commands() {
		a.addCompletions(sub)
	}
}

// completeArguments completes by the words for the arguments, such as "REPO|DIR"
// and "[FILE…]".
func (a *app) completeArguments(words []string) completeFunc {
	return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
		word := words[min(len(args), len(words)-1)]
		switch {
		case len(args) >= len(words) && !strings.Contains(word, "…"):
			return nil, cobra.ShellCompDirectiveNoFileComp
		case strings.Contains(word, "REPO"), strings.Contains(word, "SRC"):
			directive := cobra.ShellCompDirectiveNoFileComp
			if strings.ContainsAny(word, "|…") {
				directive = cobra.ShellCompDirectiveDefault // it may be a directory
			}
			return a.completeRepo(cmd, toComplete), directive
		case strings.Contains(word, "RECIPE"):
			return []cobra.Completion{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
		case strings.Contains(word, "FILE…"):
			return a.completeFile(cmd, args, toComplete), cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
}

// completeFlag completes the values of flags that name something.
func (a *app) completeFlag(f *pflag.Flag) (completeFunc, bool) {
	fixed := func(values ...string) completeFunc {
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
	}
	if c, ok := f.Value.(choice); ok {
		return fixed(c.known...), true
	}
	switch f.Name {
	case "repo-type":
		return fixed("model", "dataset", "space"), true
	case "to":
		return func(cmd *cobra.Command, _ []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return a.completeRepo(cmd, toComplete), cobra.ShellCompDirectiveNoFileComp
		}, true
	case "revision":
		return func(cmd *cobra.Command, args []string, toComplete string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return a.completeRevision(cmd, args, toComplete), cobra.ShellCompDirectiveNoFileComp
		}, true
	}
	return nil, false
}

// asked is a client and a context for a question that a completion asks. A shell
// has no place for errors: there is no completion then.
func (a *app) asked(cmd *cobra.Command) (*hub.Client, context.Context, context.CancelFunc, bool) {
	a.retryFor, a.quiet = -1, true
	c, err := a.client()
	if err != nil {
		return nil, nil, nil, false
	}
	parent := cmd.Context()
	if parent == nil {
		parent = context.Background()
	}
	ctx, cancel := context.WithTimeout(parent, completionTime)
	return c, ctx, cancel, true
}

// completeRepo lists repos: those of the cache, and those of the owner that is
// written already.
func (a *app) completeRepo(cmd *cobra.Command, toComplete string) []cobra.Completion {
	c, ctx, cancel, ok := a.asked(cmd)
	if !ok {
		return nil
	}
	defer cancel()
	kind := hub.Model
	if f := cmd.Flags().Lookup("repo-type"); f != nil && f.Value.String() != "" {
		kind = hub.RepoType(f.Value.String())
	}
	var ids []string
	cached, err := cache.Scan(c.CacheDir())
	if err == nil {
		for _, r := range cached {
			if r.Type == string(kind) {
				ids = append(ids, r.ID)
			}
		}
	}
	if owner, _, ok := strings.Cut(toComplete, "/"); ok && owner != "" && !strings.HasPrefix(owner, ".") {
		for r, err := range c.Repos(ctx, kind, owner) {
			if err != nil {
				break
			}
			ids = append(ids, r.ID)
		}
	}
	return startingWith(ids, toComplete)
}

// completeFile lists the files of the repo that is named already.
func (a *app) completeFile(cmd *cobra.Command, args []string, toComplete string) []cobra.Completion {
	c, ctx, cancel, ok := a.asked(cmd)
	if !ok {
		return nil
	}
	defer cancel()
	l, err := a.locate(args[0], "")
	if err != nil {
		return nil
	}
	var paths []string
	for e, err := range c.Tree(ctx, l.Repo, l.Revision) {
		if err != nil {
			return nil
		}
		paths = append(paths, e.Path)
	}
	return startingWith(paths, toComplete)
}

// completeRevision lists branches and tags of the repo that is named already.
func (a *app) completeRevision(cmd *cobra.Command, args []string, toComplete string) []cobra.Completion {
	c, ctx, cancel, ok := a.asked(cmd)
	if !ok || len(args) == 0 {
		return nil
	}
	defer cancel()
	l, err := a.locate(args[0], "")
	if err != nil {
		return nil
	}
	branches, tags, err := c.Refs(ctx, l.Repo)
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range slices.Concat(branches, tags) {
		names = append(names, f.Name)
	}
	return startingWith(names, toComplete)
}

// startingWith are the completions that begin as what is typed, each once.
func startingWith(list []string, typed string) []cobra.Completion {
	list = slices.DeleteFunc(list, func(s string) bool { return !strings.HasPrefix(s, typed) })
	slices.Sort(list)
	return slices.Compact(list)
}
