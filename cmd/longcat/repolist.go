package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"longcat/hub"
)

// repoListDocument is the JSON of repo list.
type repoListDocument struct {
	Author string     `json:"author"`
	Repos  []listRepo `json:"repos"`
}

type listRepo struct {
	Repo     string    `json:"repo"`
	Private  bool      `json:"private"`
	Modified time.Time `json:"modified,omitzero"`
}

func (a *app) repoListCmd() *cobra.Command {
	var repoType string
	cmd := &cobra.Command{
		Use:     "list [OWNER]",
		Short:   "List the repos of a user or an organisation",
		Example: commandExample("longcat repo list", "longcat repo list my-org --repo-type dataset"),
		Args:    between(0, 1, "an owner, or nothing for the token's own"),
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := hub.RepoType(repoType)
			switch kind {
			case "", hub.Model, hub.Dataset, hub.Space:
			default:
				return oneOf("--repo-type", repoType, "model", "dataset", "space")
			}
			return a.repoList(cmd.Context(), kind, args)
		},
	}
	addRepoType(cmd, &repoType)
	return cmd
}

func (a *app) repoList(ctx context.Context, kind hub.RepoType, args []string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	doc := repoListDocument{Repos: []listRepo{}}
	if len(args) == 1 {
		doc.Author = args[0]
	} else {
		who, err := c.WhoAmI(ctx)
		if err != nil {
			return err
		}
		doc.Author = who.Name
	}
	for r, err := range c.Repos(ctx, kind, doc.Author) {
		if err != nil {
			return err
		}
		doc.Repos = append(doc.Repos, listRepo{r.String(), r.Private, r.Modified})
	}
	if a.json {
		return a.printJSON(doc)
	}
	w := table(a.out)
	for _, r := range doc.Repos {
		visibility, modified := hub.Public, ""
		if r.Private {
			visibility = hub.Private
		}
		if !r.Modified.IsZero() {
			modified = r.Modified.Format(time.DateOnly)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.Repo, visibility, modified)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.say("%s of %s", counted(len(doc.Repos), "repo"), doc.Author)
	return nil
}
