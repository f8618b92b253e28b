package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"longcat"
)

type publishFlags struct {
	recipeFlags
	commitFlags
	noDiskFlags
	to string
	licenseFlags
	replace bool
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
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 && f.to == "" {
				return usagef("publish wants a recipe and --to USER/REPO, did you mean --to %s?", args[1])
			}
			return exactly(1, "a recipe")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.to == "" {
				return usagef("publish wants --to USER/REPO")
			}
			if err := f.resolve(a, f.to, ""); err != nil {
				return err
			}
			return a.publish(cmd.Context(), f, args[0])
		},
	}
	f.recipeFlags.add(cmd)
	addRepair(cmd, &f.repair)
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "repo to publish to, USER/REPO")
	f.licenseFlags.add(cmd)
	fl.BoolVar(&f.replace, "replace", false, "replace the weights that the repo holds, removing those that do not belong to the result")
	addWorkers(cmd, &f.workers, 8, "connections at a time")
	a.addRate(cmd)
	f.commitFlags.add(cmd)
	f.noDiskFlags.add(fl)
	return cmd
}

func (a *app) publish(ctx context.Context, f publishFlags, recipe string) error {
	license, err := f.license()
	if err != nil {
		return err
	}
	task, tasks, err := parseShare(f.task, a.lookup)
	if err != nil {
		return err
	}
	f.apply(&f.recipeFlags)
	job, err := a.openJob(ctx, recipe, f.recipeFlags, f.workers)
	if err != nil {
		return err
	}
	defer job.Close()
	if f.status || f.abort {
		return a.staging(ctx, job, f.Repo, f.abort)
	}
	if f.message == "" && recipe != "-" {
		f.message = "Publish the merge of " + filepath.Base(recipe)
	}
	done, err := job.Publish(ctx, longcat.PublishOptions{
		Repo: f.Repo, Revision: f.Branch, Visibility: f.Visibility, License: license,
		Replace: f.replace, Message: f.message, CreatePR: f.PullRequest, DryRun: f.dryRun,
		NoDisk: f.noDisk, Task: task, Tasks: tasks, Finish: f.finish,
	})
	if err != nil {
		return err
	}
	if done.Staged != nil {
		a.say("this share is made; %s of other tasks are still missing on the branch %s", counted(len(done.Staged.Missing), "file"), done.Staged.Branch)
		return nil
	}
	if done.Card.License().ID == "" {
		a.warn("the card states no licence, as the parents' cards state none: --license ID states one")
	}
	if !f.dryRun {
		return a.printUpload(done.Repo, done.UploadResult)
	}
	f.Repo = done.Repo
	return a.printPlan(ctx, job, &publishPlan{wouldBe(f.Target, done.Before), done.Replace, done.Delete})
}

// publishPlan is what a dry run says beside the plan.
type publishPlan struct {
	would
	Replace []string `json:"replace"`
	Delete  []string `json:"delete"`
}

func (p *publishPlan) print(w io.Writer) error {
	fmt.Fprintln(w, p.would)
	for _, path := range p.Replace {
		fmt.Fprintf(w, "replace  %s\n", path)
	}
	for _, path := range p.Delete {
		fmt.Fprintf(w, "delete   %s\n", path)
	}
	return nil
}
