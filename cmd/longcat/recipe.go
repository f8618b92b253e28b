package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/merge"
)

// maxRecipe bounds a recipe; a real one has a few kilobytes.
const maxRecipe = 4 << 20

// recipeFlags are those of every command that plans a merge.
type recipeFlags struct {
	shardSize  string
	layerStack string
}

func (f *recipeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.shardSize, "shard-size", "5GB", "most bytes of one weight file")
	cmd.Flags().StringVar(&f.layerStack, "layer-stack", "", "prefix of the layers that the recipe means, where a model has several stacks")
}

// planned is a recipe worked out, with its models open.
type planned struct {
	recipe *merge.Recipe
	models *models
	plan   *merge.Plan
}

// planRecipe reads a recipe ("-" is standard input) and plans it from the
// models' headers. The caller closes the models.
func (a *app) planRecipe(ctx context.Context, c *hub.Client, path string, f recipeFlags) (*planned, error) {
	limit, err := parseSize("--shard-size", f.shardSize)
	if err != nil {
		return nil, err
	}
	text, err := a.readRecipe(path)
	if err != nil {
		return nil, err
	}
	name := path
	if path == "-" {
		name = "standard input"
	}
	return planText(ctx, c, text, name, merge.Options{ShardSize: limit, LayerStack: f.layerStack}, nil)
}

// planText plans a recipe that was read. pins, if any, are the commits to read
// models at that the recipe names without a revision.
func planText(ctx context.Context, c *hub.Client, text []byte, name string, o merge.Options, pins map[string]string) (*planned, error) {
	recipe, err := merge.ParseRecipe(text, name)
	if err != nil {
		return nil, err
	}
	refs := recipe.Models()
	for i, ref := range refs {
		if ref.Revision == "" {
			refs[i].Revision = pins[ref.Path]
		}
	}
	opened, err := openModels(ctx, c, refs)
	if err != nil {
		return nil, err
	}
	plan, err := merge.NewPlan(recipe, opened.open, o)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &planned{recipe: recipe, models: opened, plan: plan}, nil
}

func (a *app) readRecipe(path string) ([]byte, error) {
	r := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reading the recipe: %w", err)
		}
		defer f.Close()
		r = f
	}
	text, err := io.ReadAll(io.LimitReader(r, maxRecipe+1))
	if err != nil {
		return nil, fmt.Errorf("reading the recipe: %w", err)
	}
	if len(text) > maxRecipe {
		return nil, fmt.Errorf("reading the recipe: %q is larger than %d bytes", path, maxRecipe)
	}
	return text, nil
}
