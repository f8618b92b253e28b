package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"longcat"
)

type mergeFlags struct {
	recipeFlags
	longcat.DirOptions
	licenseFlags
	task string
}

func (a *app) mergeCmd() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge RECIPE DIR",
		Short: "Write the merged model into a directory",
		Long: `Write the merged model into a directory, with its card. What the recipe reads
from a hub is fetched into the shared cache first. An interrupted merge goes on
where it stopped. RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat merge examples/longcat-10.7b.yaml ./LongCAT-10.7B",
			"longcat merge recipe.yaml out --shard-size 2GB"),
		Args: exactly(2, "a recipe and a directory"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.merge(cmd.Context(), f, args[0], args[1]) },
	}
	f.recipeFlags.add(cmd)
	addRepair(cmd, &f.repair)
	f.licenseFlags.add(cmd)
	cmd.Flags().BoolVar(&f.NoCard, "no-card", false, "write no README.md")
	cmd.Flags().BoolVar(&f.Replace, "replace", false, "write over what the directory holds, removing weights that do not belong to the result")
	addWorkers(cmd, &f.Workers, 2, "files written at a time")
	cmd.Flags().StringVar(&f.task, "task", "", "write only the I-th of N shares of the weights, I/N, or auto, into a directory that machines share; who finds all there writes the rest")
	cmd.Flags().BoolVar(&f.DryRun, "dry-run", false, "print the plan and write nothing")
	return cmd
}

func (a *app) merge(ctx context.Context, f mergeFlags, recipe, dir string) (err error) {
	if f.License, err = f.license(); err != nil {
		return err
	}
	if f.Task, f.Tasks, err = parseShare(f.task, a.lookup); err != nil {
		return err
	}
	if f.Tasks > 0 && f.Replace {
		return usagef("--task does not go with --replace: remove what %q holds before the tasks begin", dir)
	}
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return usagef("%q is a file: merge wants a directory", dir)
	}
	job, err := a.openJob(ctx, recipe, f.recipeFlags, 0)
	if err != nil {
		return err
	}
	defer job.Close()
	err = job.WriteDir(ctx, dir, f.DirOptions)
	if share, ok := errors.AsType[*longcat.ShareError](err); ok {
		a.say("%v", share)
		err = nil
	}
	if err != nil {
		return err
	}
	switch {
	case f.DryRun:
		return a.printPlan(ctx, job, nil)
	case a.json:
		return a.printJSON(job.Plan())
	}
	a.endProgress()
	_, err = fmt.Fprintln(a.out, dir)
	return err
}
