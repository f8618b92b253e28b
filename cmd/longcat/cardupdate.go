package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"longcat"
	"longcat/modelcard"
)

type cardUpdateFlags struct {
	longcat.CardUpdateOptions
	licenseFlags
}

func (a *app) cardUpdateCmd() *cobra.Command {
	var f cardUpdateFlags
	cmd := &cobra.Command{
		Use:   "update REPO|DIR|ORG/*…",
		Short: "Renew the generated parts of cards, and leave the rest alone",
		Long: `Renew the generated parts of cards: what stands between the comments that say
so, and front matter that is missing. Everything else is yours and stays to the
byte. A repo's card is committed, straight or as a pull request; a directory's
is written in place. "org/*" means every model of org.`,
		Example: commandExample(
			"longcat card update ./my-model --dry-run",
			`longcat card update "my-org/*" --create-pr`),
		Args: between(1, -1, "repos or directories"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.cardUpdate(cmd.Context(), f, args) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Repo, "to", "", "repo that a directory's card is for, USER/REPO")
	f.licenseFlags.add(cmd)
	fl.StringVar(&f.Revision, "revision", "", "branch to commit to (default main)")
	fl.StringVarP(&f.Message, "message", "m", "", "commit message")
	fl.BoolVar(&f.CreatePR, "create-pr", false, "open pull requests instead of writing to the branch")
	fl.BoolVar(&f.DryRun, "dry-run", false, "show the difference and change nothing")
	return cmd
}

// cardUpdate goes on after a card that fails: of many repos, the good ones are
// renewed.
func (a *app) cardUpdate(ctx context.Context, f cardUpdateFlags, args []string) error {
	for _, name := range args {
		if err := wantExisting(name); err != nil {
			return err
		}
	}
	o, err := a.jobOptions(recipeFlags{})
	if err != nil {
		return err
	}
	if f.License, err = f.license(); err != nil {
		return err
	}
	names, err := longcat.ExpandAuthors(ctx, o.Hub, args)
	if err != nil {
		return err
	}
	doc := cardUpdateDocument{Cards: []updatedCard{}}
	var failed []string
	for _, name := range names {
		done, err := longcat.UpdateCard(ctx, name, o, f.CardUpdateOptions)
		switch {
		case err == nil && a.json:
			doc.Cards = append(doc.Cards, updated(name, done, f.DryRun))
			continue
		case err == nil:
			err = a.printCardUpdate(name, done, f.DryRun)
		}
		if err == nil {
			continue
		}
		if len(names) == 1 || ctx.Err() != nil {
			return err
		}
		a.tell("longcat: error: " + name + ": " + plain(err))
		failed = append(failed, name)
		doc.Cards = append(doc.Cards, updatedCard{Name: name, Changes: []string{}, Error: plain(err)})
	}
	if a.json {
		if err := a.printJSON(doc); err != nil {
			return err
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d cards were not renewed: %s", len(failed), len(names), strings.Join(failed, ", "))
	}
	return nil
}

// updated is what JSON says of a card that was renewed.
func updated(name string, done *longcat.CardUpdate, dryRun bool) updatedCard {
	card := updatedCard{Name: name, Changes: done.Changes, Commit: done.Commit}
	if dryRun && len(done.Changes) > 0 {
		card.Diff = string(diff.Diff("a/"+modelcard.File, done.Old, "b/"+modelcard.File, done.New))
	}
	return card
}

func (a *app) printCardUpdate(name string, done *longcat.CardUpdate, dryRun bool) error {
	if len(done.Changes) == 0 {
		a.say("%s: nothing to renew", name)
		return nil
	}
	if dryRun {
		_, err := a.out.Write(diff.Diff("a/"+modelcard.File, done.Old, "b/"+modelcard.File, done.New))
		return err
	}
	for _, change := range done.Changes {
		a.say("%s: %s", name, change)
	}
	if done.Commit == nil {
		return nil
	}
	return a.printUpload(done.Repo, done.Commit)
}
