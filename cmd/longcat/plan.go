package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/internal/units"
	"longcat/modelcard"
)

func (a *app) planCmd() *cobra.Command {
	var f recipeFlags
	cmd := &cobra.Command{
		Use:   "plan RECIPE",
		Short: "Say what a merge would do, from the models' headers alone",
		Long: `Say what a merge would do: which layers land where, the files that it makes,
what has to be fetched. Only headers and configs are read, no weights.
RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat plan examples/longcat-10.7b.yaml",
			"longcat plan recipe.yaml --json"),
		Args: exactly(1, "a recipe"),
		RunE: func(cmd *cobra.Command, args []string) error {
			job, err := a.openJob(cmd.Context(), args[0], f, 0)
			if err != nil {
				return err
			}
			defer job.Close()
			return a.printPlan(cmd.Context(), job, nil)
		},
	}
	f.add(cmd)
	return cmd
}

// printPlan is all that plan does, and --dry-run of the commands that merge.
// target is what publish has to say.
func (a *app) printPlan(ctx context.Context, job *longcat.Job, target *publishPlan) error {
	plan := job.Plan()
	fetch, err := job.Missing(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(planDocument{plan, fetch, target})
	}
	w := table(a.out)
	fmt.Fprintf(w, "model\tlayers\tread\tonce\trepeated\tdropped\n")
	for _, m := range plan.Models {
		var read int64
		for _, f := range m.Files {
			read += f.Bytes
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%d\t%d\n", m.Name, m.Layers, units.Size(read), m.Usage.Once, m.Usage.Repeated, len(m.Usage.Dropped))
	}
	fmt.Fprintf(w, "\nfile\tsize\ttensors\n")
	for _, f := range plan.Files {
		tensors := ""
		if len(f.Tensors) > 0 {
			tensors = fmt.Sprint(len(f.Tensors))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Path, units.Size(f.Size), tensors)
	}
	head := "\nleft behind\tof\twhy\n"
	for _, m := range plan.Models {
		for _, l := range m.Left {
			fmt.Fprintf(w, "%s%s\t%s\t%s\n", head, l.Path, m.Name, l.Reason)
			head = ""
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	parents, layers := job.LayerMap()
	fmt.Fprintf(a.out, "\nlayers of the result ← where they come from\n%s\n", modelcard.LayerMapText(parents, layers))
	_, err = fmt.Fprintf(a.out, "%d layers, %s parameters, %s in %d files; %s to fetch, %s that a filesystem with reflinks shares\n",
		len(plan.Layers), units.Count(plan.Params), units.Size(plan.Size), len(plan.Files), units.Size(fetch), units.Size(plan.Shareable))
	if err == nil && target != nil {
		err = target.print(a.out)
	}
	for _, w := range plan.Warnings {
		a.warn("%s", w)
	}
	return err
}
