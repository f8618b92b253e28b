package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"longcat/hub"
)

// refKind is what branches and tags differ in.
type refKind struct {
	name, plural string
	create       func(ctx context.Context, c *hub.Client, repo hub.Repo, name, revision, message string) error
	remove       func(c *hub.Client) func(ctx context.Context, repo hub.Repo, name string) error
	pick         func(branches, tags []hub.Ref) []hub.Ref
}

var branches = refKind{
	name: "branch", plural: "branches",
	create: func(ctx context.Context, c *hub.Client, repo hub.Repo, name, revision, _ string) error {
		return c.CreateBranch(ctx, repo, name, revision)
	},
	remove: func(c *hub.Client) func(context.Context, hub.Repo, string) error { return c.DeleteBranch },
	pick:   func(branches, _ []hub.Ref) []hub.Ref { return branches },
}

var tags = refKind{
	name: "tag", plural: "tags",
	create: func(ctx context.Context, c *hub.Client, repo hub.Repo, name, revision, message string) error {
		return c.CreateTag(ctx, repo, name, revision, message)
	},
	remove: func(c *hub.Client) func(context.Context, hub.Repo, string) error { return c.DeleteTag },
	pick:   func(_, tags []hub.Ref) []hub.Ref { return tags },
}

type refFlags struct {
	repoType string
	revision string
	message  string
	remove   bool
}

// refDocument is the JSON of repo branch and repo tag.
type refDocument struct {
	Repo    string    `json:"repo"`
	Refs    []hub.Ref `json:"refs"` // all of this kind, after what was done
	Created string    `json:"created,omitempty"`
	Deleted string    `json:"deleted,omitempty"`
}

func (a *app) refCmd(kind refKind) *cobra.Command {
	var f refFlags
	cmd := &cobra.Command{
		Use:   kind.name + " REPO [NAME]",
		Short: "List, create or delete the " + kind.plural + " of a repo",
		Example: commandExample(
			"longcat repo "+kind.name+" me/my-model",
			"longcat repo "+kind.name+" me/my-model v1.0 --revision main"),
		Args: between(1, 2, "a repo, and maybe the name of a "+kind.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && f.remove {
				return usagef("--delete wants the name of the %s", kind.name)
			}
			return a.refs(cmd.Context(), kind, f, args)
		},
	}
	fl := cmd.Flags()
	addRepoType(cmd, &f.repoType)
	fl.StringVar(&f.revision, "revision", "", "branch, tag or commit that it begins at (default main)")
	if kind.name == "tag" {
		fl.StringVarP(&f.message, "message", "m", "", "the tag's message")
	}
	fl.BoolVar(&f.remove, "delete", false, "delete it")
	return cmd
}

func (a *app) refs(ctx context.Context, kind refKind, f refFlags, args []string) error {
	c, repo, err := a.target(ctx, args[0], f.repoType)
	if err != nil {
		return err
	}
	doc := refDocument{Repo: repo.String(), Refs: []hub.Ref{}}
	switch {
	case len(args) == 1:
	case f.remove:
		doc.Deleted, err = args[1], kind.remove(c)(ctx, repo, args[1])
	default:
		if err := notThere(ctx, c, repo, kind, args[1]); err != nil {
			return err
		}
		doc.Created, err = args[1], kind.create(ctx, c, repo, args[1], f.revision, f.message)
	}
	if err != nil {
		return err
	}
	branches, tags, err := c.Refs(ctx, repo)
	if err != nil {
		return err
	}
	doc.Refs = append(doc.Refs, kind.pick(branches, tags)...)
	if a.json {
		return a.printJSON(doc)
	}
	w := table(a.out)
	for _, ref := range doc.Refs {
		if len(args) == 1 || ref.Name == doc.Created {
			fmt.Fprintf(w, "%s\t%s\n", ref.Name, ref.Commit)
		}
	}
	if doc.Deleted != "" {
		a.say("%s %s of %s is deleted", kind.name, doc.Deleted, repo)
	}
	return w.Flush()
}

// notThere refuses to create what exists.
func notThere(ctx context.Context, c *hub.Client, repo hub.Repo, kind refKind, name string) error {
	branches, tags, err := c.Refs(ctx, repo)
	if err != nil {
		return err
	}
	for _, ref := range kind.pick(branches, tags) {
		if ref.Name == name {
			return fmt.Errorf("%s %q of %q exists already, at commit %s", kind.name, name, repo, ref.Commit)
		}
	}
	return nil
}
