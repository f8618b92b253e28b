package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/internal/limits"
	"longcat/modelcard"
)

type cardUpdateFlags struct {
	hub.Upload
	to      string
	license string
	dryRun  bool
}

func (a *app) cardUpdateCmd() *cobra.Command {
	var f cardUpdateFlags
	cmd := &cobra.Command{
		Use:   "update REPO|DIR|ORG/*…",
		Short: "Renew the generated parts of cards, and leave the rest alone",
		Long: `Renew the generated parts of cards: what stands between the comments that say
so, and front matter that is missing. Everything else is yours and stays to the
byte. A repo's card is committed, straight or as a pull request; a folder's is
written in place. "org/*" means every model of org.`,
		Example: commandExample(
			"longcat card update ./my-model --dry-run",
			`longcat card update "my-org/*" --create-pr`),
		Args: between(1, -1, "repos or folders"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.cardUpdate(cmd.Context(), f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "repo that a folder's card is for, USER/REPO")
	fl.StringVar(&f.license, "license", "", "licence to state")
	fl.StringVar(&f.Revision, "revision", "", "branch to commit to (default main)")
	fl.StringVarP(&f.Message, "message", "m", "", "commit message")
	fl.BoolVar(&f.CreatePR, "create-pr", false, "open pull requests instead of writing to the branch")
	fl.BoolVar(&f.dryRun, "dry-run", false, "show the difference and change nothing")
	return cmd
}

// cardUpdate goes on after a card that fails: of many repos, the good ones are
// renewed.
func (a *app) cardUpdate(ctx context.Context, f cardUpdateFlags, args []string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	names, err := expandAuthors(ctx, c, args)
	if err != nil {
		return err
	}
	var failed []string
	for _, name := range names {
		if err := a.updateOne(ctx, c, f, name); err != nil {
			if len(names) == 1 || ctx.Err() != nil {
				return err
			}
			a.tell("longcat: error: " + name + ": " + plain(err))
			failed = append(failed, name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d cards were not renewed: %s", len(failed), len(names), strings.Join(failed, ", "))
	}
	return nil
}

// expandAuthors replaces "org/*" by org's models.
func expandAuthors(ctx context.Context, c *hub.Client, args []string) ([]string, error) {
	var names []string
	for _, arg := range args {
		author, all := strings.CutSuffix(arg, "/*")
		if !all {
			names = append(names, arg)
			continue
		}
		for repo, err := range c.Models(ctx, author) {
			if err != nil {
				return nil, err
			}
			names = append(names, repo.ID)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no model matches")
	}
	return names, nil
}

func (a *app) updateOne(ctx context.Context, c *hub.Client, f cardUpdateFlags, name string) error {
	ref := refOf(name)
	ref.Revision = cmp.Or(ref.Revision, f.Revision)
	m, err := openModel(ctx, c, ref)
	if err != nil {
		return err
	}
	defer m.close()
	old, err := readSmall(ctx, m, modelcard.File, limits.Card)
	if err != nil {
		return err
	}
	updated, err := modelcard.Update(old, a.factsOf(ctx, c, m, old, f))
	if err != nil {
		return err
	}
	if len(updated.Changes) == 0 {
		a.say("%s: nothing to renew", name)
		return nil
	}
	if f.dryRun {
		_, err := a.out.Write(diff.Diff("a/"+modelcard.File, old, "b/"+modelcard.File, updated.README))
		return err
	}
	if err := a.refuseBadCard(updated.README); err != nil {
		return err
	}
	for _, change := range updated.Changes {
		a.say("%s: %s", name, change)
	}
	if m.local {
		return cache.WriteFile(ref.Path+string(os.PathSeparator)+modelcard.File, updated.README)
	}
	f.Repo, f.Parent = m.repo, m.commit
	f.Files = []hub.UploadFile{{Path: modelcard.File, Content: memory(updated.README)}}
	f.Message = cmp.Or(f.Message, "Renew the model card")
	res, err := c.Upload(ctx, f.Upload)
	if err != nil {
		return err
	}
	return a.printUpload(c, m.repo, res)
}

// factsOf plans the published merge again, to know what its card should say;
// nil when its recipe or its models are not to be had, so that only the card
// itself is gone by.
func (a *app) factsOf(ctx context.Context, c *hub.Client, m *model, card []byte, f cardUpdateFlags) *modelcard.Facts {
	p, err := planOf(ctx, c, m, recipeFlags{})
	if err != nil {
		a.say("%s: going by the card alone: %s", m.ref.Name, err)
		return nil
	}
	defer p.models.Close()
	facts, err := p.facts(ctx, cmp.Or(m.repo.ID, f.to, toldRepo(card)), f.license)
	if err != nil {
		a.say("%s: going by the card alone: %s", m.ref.Name, err)
		return nil
	}
	if facts.Repo == "" {
		facts.Title = folderTitle(m.ref.Path)
	}
	return &facts
}
