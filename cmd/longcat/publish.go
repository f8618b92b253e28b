package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"longcat"
)

type publishFlags struct {
	recipeFlags
	longcat.PublishOptions
	to      string
	license string
	workers int
}

func (a *app) publishCmd() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish RECIPE --to USER/REPO",
		Short: "The whole way: plan, fetch, merge, card, upload, verify",
		Long: `The whole way from a recipe to a published model: plan the merge from headers,
fetch the models' weights, write the card, create the repo, upload in one
commit, and hold what the hub then lists against what was meant. The merged
files are never written to disk. After any interruption run it again: it goes
on. RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat publish examples/longcat-10.7b.yaml --to me/LongCAT-10.7B",
			"longcat publish recipe.yaml --to me/merged --private --dry-run"),
		Args: exactly(1, "a recipe"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if f.to == "" {
				return usagef("publish wants --to USER/REPO")
			}
			if f.Repo, err = parseRepo(f.to, ""); err != nil {
				return err
			}
			return a.publish(cmd.Context(), f, args[0])
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "repo to publish to, USER/REPO")
	fl.StringVar(&f.license, "license", "", "licence of the result, where the parents' differ")
	fl.BoolVar(&f.Replace, "replace", false, "replace the weights that the repo holds, removing those that do not belong to the result")
	addWorkers(cmd, &f.workers, 8, "connections at a time")
	addCommitFlags(cmd, commitFlags{&f.Revision, &f.Message, &f.CreatePR, &f.Private, &f.DryRun})
	return cmd
}

func (a *app) publish(ctx context.Context, f publishFlags, recipe string) error {
	job, err := a.openJob(ctx, recipe, f.recipeFlags, f.workers)
	if err != nil {
		return err
	}
	defer job.Close()
	f.License = licenseFlag(f.license)
	if f.Message == "" && recipe != "-" {
		f.Message = "Publish the merge of " + filepath.Base(recipe)
	}
	done, err := job.Publish(ctx, f.PublishOptions)
	if err != nil {
		return err
	}
	if f.DryRun {
		return a.printPlan(ctx, job)
	}
	return a.printUpload(done.Repo, done.UploadResult)
}
