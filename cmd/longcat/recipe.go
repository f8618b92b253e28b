package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"longcat"
	"longcat/internal/limits"
	"longcat/merge"
)

// recipeFlags are those of every command that plans a merge: what decides the
// result's bytes beside the recipe.
type recipeFlags struct {
	shardSize  string
	layerStack string
	seed       int64
	precise    bool
	layout     string
	repair     bool
	explain    bool

	flags *pflag.FlagSet
}

func (f *recipeFlags) add(cmd *cobra.Command) {
	f.flags = cmd.Flags()
	cmd.Flags().StringVar(&f.shardSize, "shard-size", "", "most bytes of one weight file (default 5GB)")
	cmd.Flags().StringVar(&f.layerStack, "layer-stack", "", "prefix of the layers that the recipe means, where a model has several stacks")
	cmd.Flags().Int64Var(&f.seed, "random-seed", 0, "seed of the random numbers that a method draws (default: from the recipe)")
	cmd.Flags().StringVar(&f.layout, "layout", "", "how tensors are placed in files: shared-blocks (the default) or forward, which --no-disk wants")
	cmd.Flags().BoolVar(&f.precise, "precise", false, "compute in float64 and round once, where mergekit rounds each operation's result")
}

// addRepair is for commands that read all of the models.
func addRepair(cmd *cobra.Command, repair *bool) {
	cmd.Flags().BoolVar(repair, "repair", false, "fetch files anew whose content in the cache is not what it should be")
}

func (f recipeFlags) options() (merge.Options, error) {
	limit, err := parseSize("--shard-size", f.shardSize)
	o := merge.Options{ShardSize: limit, LayerStack: f.layerStack, Precise: f.precise, Explain: f.explain}
	if f.flags != nil && f.flags.Changed("random-seed") {
		o.Seed = &f.seed
	}
	switch o.Layout = merge.Layout(f.layout); o.Layout {
	case "", merge.SharedBlocks, merge.Forward:
	default:
		return o, usagef("--layout wants %s or %s, got %q", merge.SharedBlocks, merge.Forward, f.layout)
	}
	return o, err
}

// jobOptions are what every job shares: the hub, the display, the remarks.
func (a *app) jobOptions(f recipeFlags) (o longcat.Options, err error) {
	if o.Merge, err = f.options(); err != nil {
		return o, err
	}
	if o.Hub, err = a.client(); err != nil {
		return o, err
	}
	o.Repair = f.repair
	o.Creator = "longcat " + version()
	o.Notify = a.remark
	o.Progress = a.progress()
	return o, nil
}

// openJob reads a recipe ("-" is standard input) and plans it.
func (a *app) openJob(ctx context.Context, path string, f recipeFlags, workers int) (*longcat.Job, error) {
	o, err := a.jobOptions(f)
	if err != nil {
		return nil, err
	}
	if o.Recipe, err = a.readRecipe(path); err != nil {
		return nil, err
	}
	o.RecipeName, o.Workers = path, workers
	if path == "-" {
		o.RecipeName = "standard input"
	}
	return longcat.Open(ctx, o)
}

func (a *app) readRecipe(path string) ([]byte, error) {
	r := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, noSuchRecipe(path, err)
		}
		defer f.Close()
		if st, err := f.Stat(); err == nil && (st.IsDir() || merge.IsWeights(filepath.Base(path))) {
			return nil, noSuchRecipe(path, nil)
		}
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, limits.Recipe+1))
	if err != nil {
		return nil, fmt.Errorf("reading the recipe: %w", err)
	}
	if len(text) > limits.Recipe {
		return nil, fmt.Errorf("reading the recipe: %q is larger than %d bytes", path, limits.Recipe)
	}
	return text, nil
}
