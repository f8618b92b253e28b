package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/merge"
	"longcat/modelcard"
)

type mergeFlags struct {
	recipeFlags
	license string
	noCard  bool
	replace bool
	workers int
	dryRun  bool
}

func (a *app) mergeCmd() *cobra.Command {
	var f mergeFlags
	cmd := &cobra.Command{
		Use:   "merge RECIPE DIR",
		Short: "Write the merged model into a folder",
		Long: `Write the merged model into a folder, with its card. What the recipe reads from
a hub is fetched into the shared cache first. An interrupted merge goes on
where it stopped. RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat merge examples/longcat-10.7b.yaml ./LongCAT-10.7B",
			"longcat merge recipe.yaml out --shard-size 2GB"),
		Args: exactly(2, "a recipe and a folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.merge(cmd, f, args[0], args[1]) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.license, "license", "", "licence of the result, where the parents' differ")
	cmd.Flags().BoolVar(&f.noCard, "no-card", false, "write no README.md")
	cmd.Flags().BoolVar(&f.replace, "replace", false, "write over what the folder holds, removing weights that do not belong to the result")
	addWorkers(cmd, &f.workers, 2, "files written at a time")
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "print the plan and write nothing")
	return cmd
}

func (a *app) merge(cmd *cobra.Command, f mergeFlags, recipe, dir string) error {
	ctx := cmd.Context()
	c, err := a.client()
	if err != nil {
		return err
	}
	p, err := a.planRecipe(ctx, c, recipe, f.recipeFlags)
	if err != nil {
		return err
	}
	defer p.models.Close()
	var card []byte
	var picture []byte
	if !f.noCard {
		facts, err := p.facts(ctx, "", f.license)
		if err != nil {
			return err
		}
		facts.Title = folderTitle(dir)
		existing, err := existingCard(dir)
		if err != nil {
			return err
		}
		if card, picture, err = cardOf(facts, existing); err != nil {
			return err
		}
	}
	if err := p.models.spare(dir); err != nil {
		return err
	}
	if !f.replace {
		if err := p.plan.CheckDir(dir); err != nil {
			return err
		}
	}
	if f.dryRun {
		return a.printPlan(ctx, p)
	}
	if err := mayWriteInto(dir); err != nil {
		return err
	}
	a.warnings(p.plan)
	if err := a.fetch(ctx, p, 0); err != nil {
		return err
	}
	bars, done := a.bars("merge", p.plan.Size)
	err = p.plan.WriteDir(ctx, p.models.open, dir, merge.WriteOptions{Workers: f.workers, Replace: f.replace, Progress: mergeProgress(bars, p.plan)})
	done()
	if err != nil {
		return err
	}
	if !f.noCard {
		if err := writeCard(dir, card, picture); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(p.plan)
	}
	_, err = fmt.Fprintln(a.out, dir)
	return err
}

// folderTitle is what the card of a merge in a folder calls the model.
func folderTitle(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs // "." has a name too
	}
	return filepath.Base(dir)
}

// mayWriteInto makes a folder and finds out before the long work whether files
// can be made in it.
func mayWriteInto(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".longcat-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// existingCard is the card that a folder has, nil for none.
func existingCard(dir string) ([]byte, error) {
	card, err := os.ReadFile(filepath.Join(dir, modelcard.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return card, err
}

func writeCard(dir string, card, picture []byte) error {
	if err := cache.WriteFile(filepath.Join(dir, modelcard.LayerMapFile), picture); err != nil {
		return err
	}
	return cache.WriteFile(filepath.Join(dir, modelcard.File), card)
}

// mergeProgress shows a merge's steps as bars.
func mergeProgress(bars hub.Progress, plan *merge.Plan) func(merge.Progress) {
	if bars == nil {
		return nil
	}
	sizes := map[string]int64{}
	for _, f := range plan.Files {
		sizes[f.Path] = f.Size
	}
	var mu sync.Mutex
	meters := map[string]hub.Meter{}
	left := sizes
	return func(p merge.Progress) {
		mu.Lock()
		defer mu.Unlock()
		m := meters[p.File]
		if m == nil {
			m = bars.Start("merge", p.File, sizes[p.File])
			meters[p.File] = m
		}
		m.Add(p.Bytes)
		if left[p.File] -= p.Bytes; left[p.File] <= 0 {
			m.Done()
		}
	}
}
