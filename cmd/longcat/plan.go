package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/internal/units"
	"longcat/merge"
	"longcat/modelcard"
)

func (a *app) planCmd() *cobra.Command {
	var f recipeFlags
	var explain bool
	cmd := &cobra.Command{
		Use:   "plan RECIPE",
		Short: "Say what a merge would do, from the models' headers alone",
		Long: `Say what a merge would do: which layers land where, the files that it makes,
what has to be fetched. Only headers and configs are read, no weights.
RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat plan examples/longcat-10.7b.yaml",
			"longcat plan recipe.yaml --tensors",
			"longcat plan recipe.yaml --json"),
		Args: exactly(1, "a recipe"),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.explain = explain
			job, err := a.openJob(cmd.Context(), args[0], f, 0)
			if err != nil {
				return err
			}
			defer job.Close()
			if explain && !a.json {
				return a.printTensors(job.Plan())
			}
			return a.printPlan(cmd.Context(), job, nil)
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&explain, "tensors", false, "say of each tensor what it is made of, and with which parameters")
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
	switch {
	case err != nil:
	case target != nil:
		err = target.print(a.out)
	default:
		err = a.printModes(plan, fetch)
	}
	for _, w := range plan.Warnings {
		a.warn("%s", w)
	}
	return err
}

// printModes says what each way to use the plan takes.
func (a *app) printModes(plan *merge.Plan, fetch int64) error {
	w := table(a.out)
	fmt.Fprintf(w, "\nway\tdown\tup, at most\tdisk\n")
	fmt.Fprintf(w, "publish\t%s\t%s\t%s\n", units.Size(fetch), units.Size(plan.Size), units.Size(fetch))
	if plan.Method == "passthrough" {
		fmt.Fprintf(w, "publish --no-disk\t%s\t%s\t%s\n", units.Size(fetch), units.Size(plan.Size), units.Size(0))
	}
	fmt.Fprintf(w, "merge\t%s\t–\t%s\n", units.Size(fetch), units.Size(fetch+plan.Size))
	return w.Flush()
}
