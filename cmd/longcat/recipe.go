package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/limits"
	"longcat/merge"
)

// recipeFlags are those of every command that plans a merge: what decides the
// result's bytes beside the recipe.
type recipeFlags struct {
	shardSize  string
	layerStack string
}

func (f *recipeFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.shardSize, "shard-size", "", "most bytes of one weight file (default 5GB)")
	cmd.Flags().StringVar(&f.layerStack, "layer-stack", "", "prefix of the layers that the recipe means, where a model has several stacks")
}

func (f recipeFlags) options() (merge.Options, error) {
	limit, err := parseSize("--shard-size", f.shardSize)
	return merge.Options{ShardSize: limit, LayerStack: f.layerStack}, err
}

// String is the flags as they are typed. Cards tell them so.
func (f recipeFlags) String() string {
	var words []string
	if f.shardSize != "" {
		words = append(words, "--shard-size", strings.ReplaceAll(f.shardSize, " ", ""))
	}
	if f.layerStack != "" {
		words = append(words, "--layer-stack", f.layerStack)
	}
	return strings.Join(words, " ")
}

var (
	toldCommand = regexp.MustCompile(`(?m)^longcat merge .*$`)
	toldVerify  = regexp.MustCompile(`(?m)^longcat verify (\S+)$`)
)

// toldRepo is the repo that a card says it is for, "" if it says none.
func toldRepo(card []byte) string {
	m := toldVerify.FindSubmatch(card)
	if m == nil {
		return ""
	}
	repo, err := hub.ParseRepo(string(m[1]))
	if err != nil {
		return ""
	}
	return repo.ID
}

// orTold takes the flags that are not given from the command that a card tells.
func (f recipeFlags) orTold(card []byte) recipeFlags {
	words := strings.Fields(string(toldCommand.Find(card)))
	for i, word := range words[:max(len(words)-1, 0)] {
		switch word {
		case "--shard-size":
			if _, err := parseSize(word, words[i+1]); err == nil {
				f.shardSize = cmp.Or(f.shardSize, words[i+1])
			}
		case "--layer-stack":
			f.layerStack = cmp.Or(f.layerStack, words[i+1])
		}
	}
	return f
}

// planned is a recipe worked out, with its models open.
type planned struct {
	flags  recipeFlags
	recipe *merge.Recipe
	models *models
	plan   *merge.Plan
}

// planRecipe reads a recipe ("-" is standard input) and plans it from the
// models' headers. The caller closes the models.
func (a *app) planRecipe(ctx context.Context, c *hub.Client, path string, f recipeFlags) (*planned, error) {
	if _, err := f.options(); err != nil {
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
	return planText(ctx, c, text, name, f, nil)
}

// planText plans a recipe that was read. pins, if any, are the commits to read
// models at that the recipe names without a revision.
func planText(ctx context.Context, c *hub.Client, text []byte, name string, f recipeFlags, pins map[string]string) (*planned, error) {
	o, err := f.options()
	if err != nil {
		return nil, err
	}
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
	plan, err := merge.NewPlan(ctx, recipe, opened.open, o)
	if err != nil {
		opened.Close()
		return nil, err
	}
	return &planned{flags: f, recipe: recipe, models: opened, plan: plan}, nil
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
	text, err := io.ReadAll(io.LimitReader(r, limits.Recipe+1))
	if err != nil {
		return nil, fmt.Errorf("reading the recipe: %w", err)
	}
	if len(text) > limits.Recipe {
		return nil, fmt.Errorf("reading the recipe: %q is larger than %d bytes", path, limits.Recipe)
	}
	return text, nil
}
