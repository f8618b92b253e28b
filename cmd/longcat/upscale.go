package main

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/merge"
)

type upscaleFlags struct {
	merge.UpscaleOptions
	method string
	layers string
}

func (a *app) upscaleCmd() *cobra.Command {
	var f upscaleFlags
	cmd := &cobra.Command{
		Use:   "upscale REPO|DIR",
		Short: "Print a recipe that makes a model deeper",
		Long: `Print a recipe, with comments, that makes a model deeper by repeating layers:

  interwoven       each of the layers right after itself
  stacked          the run of layers as a whole after itself
  block-expansion  as interwoven, the copies silent at first (LLaMA-Pro): their
                   attention output and MLP down projections are scaled by 0

Only the model's config and headers are read.`,
		Example: commandExample(
			"longcat upscale rishiraj/CatPPT-base",
			"longcat upscale gpt2 --method stacked --layers 3:9 > recipe.yaml",
			"longcat upscale rishiraj/CatPPT-base | longcat publish - --to me/deeper"),
		Args: exactly(1, "a model"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			f.Method = merge.Method(f.method)
			if f.From, f.To, err = parseLayers(f.layers); err != nil {
				return err
			}
			if f.Times < 2 {
				return usagef("--times wants 2 or more, got %d", f.Times)
			}
			return a.upscale(cmd, f, args[0])
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.method, "method", string(merge.Interwoven), "interwoven, stacked or block-expansion")
	fl.StringVar(&f.layers, "layers", "", "layers to repeat, FROM:TO without TO itself (default the middle half)")
	fl.IntVar(&f.Times, "times", 2, "how often each of these layers occurs in the result")
	fl.StringVar(&f.LayerStack, "layer-stack", "", "prefix of the layers that are meant, where the model has several stacks")
	return cmd
}

// parseLayers reads "8:24"; "" is 0, 0.
func parseLayers(s string) (from, to int, err error) {
	if s == "" {
		return 0, 0, nil
	}
	a, b, ok := strings.Cut(s, ":")
	from, err1 := strconv.Atoi(a)
	to, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || from < 0 || to <= from {
		return 0, 0, usagef("--layers wants FROM:TO, such as 8:24, got %q", s)
	}
	return from, to, nil
}

func (a *app) upscale(cmd *cobra.Command, f upscaleFlags, name string) error {
	switch f.Method {
	case merge.Interwoven, merge.Stacked, merge.BlockExpansion:
	default:
		return oneOf("--method", f.method, string(merge.Interwoven), string(merge.Stacked), string(merge.BlockExpansion))
	}
	if err := wantModel(name, "upscale", "a model: a repo or a directory"); err != nil {
		return err
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	m, err := longcat.OpenModel(cmd.Context(), c, name, "")
	if err != nil {
		return err
	}
	defer m.Close()
	if !m.Local() { // the recipe is to name it plainly
		name = m.Repo().ID
		if rev := m.Revision(); rev != "" {
			name += "@" + rev
		}
	}
	recipe, err := merge.Upscale(cmd.Context(), name, m, f.UpscaleOptions)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(upscaleDocument{string(recipe)})
	}
	_, err = a.out.Write(recipe)
	return err
}
