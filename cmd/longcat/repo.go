package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longcat"
	"longcat/hub"
)

func (a *app) repoCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "repo",
		Short: "Create, list, delete or move repos; their branches and tags",
		Example: commandExample(
			"longcat repo create me/my-model --private",
			"longcat repo list my-org"),
	}
	group(cmd)
	cmd.AddCommand(a.repoCreateCmd(), a.repoListCmd(), a.repoDeleteCmd(), a.repoMoveCmd(), a.refCmd(branches), a.refCmd(tags))
	return cmd
}

// repoDocument is the JSON of repo create, delete and move.
type repoDocument struct {
	Repo    string `json:"repo"`
	URL     string `json:"url,omitempty"`
	Created bool   `json:"created"`
	Deleted bool   `json:"deleted"`
	From    string `json:"from,omitempty"` // what it was called before
}

// target is the repo of a name, with its owner.
func (a *app) target(ctx context.Context, name, repoType string) (*hub.Client, hub.Repo, error) {
	c, err := a.client()
	if err != nil {
		return nil, hub.Repo{}, err
	}
	l, err := a.locate(name, repoType)
	if err != nil {
		return nil, l.Repo, err
	}
	if l.Path != "" || l.Revision != "" {
		return nil, l.Repo, usagef("%q names a revision or a file, and a repo is wanted: %s", name, l.Repo)
	}
	repo, err := longcat.Owned(ctx, c, l.Repo)
	return c, repo, err
}

func (a *app) printRepo(doc repoDocument, text string) error {
	if a.json {
		return a.printJSON(doc)
	}
	_, err := fmt.Fprintln(a.out, text)
	return err
}

func (a *app) repoCreateCmd() *cobra.Command {
	var repoType string
	var private, public bool
	cmd := &cobra.Command{
		Use:     "create REPO",
		Short:   "Create a repo",
		Example: commandExample("longcat repo create me/my-model", "longcat repo create my-org/data --repo-type dataset --private"),
		Args:    exactly(1, "a repo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := visibility(private, public)
			if err != nil {
				return err
			}
			c, repo, err := a.target(cmd.Context(), args[0], repoType)
			if err != nil {
				return err
			}
			t := hub.Target{Repo: repo, Visibility: v}
			state, err := longcat.MayWrite(cmd.Context(), c, t, false, a.remark)
			if err != nil {
				return err
			}
			if err := c.MakeTarget(cmd.Context(), t, state); err != nil {
				return err
			}
			if state.Exists {
				a.say("%s exists already, %s", repo, state.Visibility)
			}
			return a.printRepo(repoDocument{Repo: repo.String(), URL: c.PageURL(repo), Created: !state.Exists}, c.PageURL(repo))
		},
	}
	addRepoType(cmd, &repoType)
	cmd.Flags().BoolVar(&private, "private", false, "only its members read it")
	cmd.Flags().BoolVar(&public, "public", false, "everybody reads it (default: the namespace's own)")
	return cmd
}

func (a *app) repoDeleteCmd() *cobra.Command {
	var repoType string
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete REPO",
		Short: "Delete a repo with everything in it",
		Long: `Delete a repo with everything in it. Its name must be typed once more; --yes
does without.`,
		Example: commandExample("longcat repo delete me/my-model", "longcat repo delete me/my-model --yes"),
		Args:    exactly(1, "a repo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, repo, err := a.target(cmd.Context(), args[0], repoType)
			if err != nil {
				return err
			}
			if !yes {
				if err := a.confirm(repo.ID); err != nil {
					return err
				}
			}
			if err := c.DeleteRepo(cmd.Context(), repo); err != nil {
				return err
			}
			return a.printRepo(repoDocument{Repo: repo.String(), Deleted: true}, repo.String()+" is deleted")
		},
	}
	addRepoType(cmd, &repoType)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

// confirm has a person type the name of what is to be deleted.
func (a *app) confirm(name string) error {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return usagef("deleting %q wants --yes where nobody can be asked", name)
	}
	fmt.Fprintf(a.err, "type %s to delete it: ", name)
	line, err := bufio.NewReader(io.LimitReader(a.in, 1024)).ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(line) != name {
		return fmt.Errorf("%q was not typed: nothing is deleted", name)
	}
	return nil
}

func (a *app) repoMoveCmd() *cobra.Command {
	var repoType string
	cmd := &cobra.Command{
		Use:     "move REPO NEWNAME",
		Short:   "Give a repo another name, or another owner",
		Example: commandExample("longcat repo move me/my-model my-org/my-model"),
		Args:    exactly(2, "a repo and its new name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, from, err := a.target(cmd.Context(), args[0], repoType)
			if err != nil {
				return err
			}
			_, to, err := a.target(cmd.Context(), args[1], repoType)
			if err != nil {
				return err
			}
			if err := c.MoveRepo(cmd.Context(), from, to); err != nil {
				return err
			}
			return a.printRepo(repoDocument{Repo: to.String(), URL: c.PageURL(to), From: from.String()}, c.PageURL(to))
		},
	}
	addRepoType(cmd, &repoType)
	return cmd
}
