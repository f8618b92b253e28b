package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/internal/units"
)

func (a *app) inspectCmd() *cobra.Command {
	var revision string
	var all bool
	cmd := &cobra.Command{
		Use:   "inspect REPO|DIR|FILE",
		Short: "Say what is in a model's weights, from their headers alone",
		Long: `Say what is in a model's safetensors files: parameters, dtypes, layers, and the
tensors with their shapes. Only headers are read. Tensors that each layer has
are shown once; --all shows every one.`,
		Example: commandExample("longcat inspect gpt2", "longcat inspect ./model.safetensors --all"),
		Args:    exactly(1, "a repo, a directory or a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			in, err := a.inspect(cmd.Context(), args[0], revision)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(in)
			}
			return printInspection(a.out, in, all)
		},
	}
	cmd.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default main)")
	cmd.Flags().BoolVar(&all, "all", false, "every tensor, and the file that it is in")
	return cmd
}

func (a *app) inspect(ctx context.Context, name, revision string) (*longcat.Inspection, error) {
	if st, err := os.Stat(name); err == nil && !st.IsDir() {
		if !strings.HasSuffix(name, ".safetensors") {
			return nil, usagef("%q is no safetensors file by its name", name)
		}
		return longcat.InspectFile(name)
	}
	if err := wantExisting(name); err != nil {
		return nil, err
	}
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	m, err := longcat.OpenModel(ctx, c, name, revision)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return longcat.Inspect(ctx, m)
}

func printInspection(out io.Writer, in *longcat.Inspection, all bool) error {
	w := table(out)
	if all {
		for _, t := range in.Tensors {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t.Name, t.DType, shape(t.Shape), units.Size(t.Bytes), t.File)
		}
	} else {
		for _, g := range grouped(in.Tensors) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", g.name(), g.DType, shape(g.Shape), units.Size(g.Bytes*int64(len(g.layers))))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range in.Stacks {
		fmt.Fprintf(out, "%s: %s\n", s.Prefix, counted(s.Layers, "layer"))
	}
	var kinds []string
	for _, d := range slices.Sorted(maps.Keys(in.DTypes)) {
		kinds = append(kinds, d+" "+units.Count(in.DTypes[d]))
	}
	_, err := fmt.Fprintf(out, "%s in %s, %s parameters (%s), %s\n", counted(len(in.Tensors), "tensor"), counted(len(in.Files), "file"),
		units.Count(in.Params), strings.Join(kinds, ", "), units.Size(in.Bytes))
	return err
}

func shape(dims []int64) string {
	parts := make([]string, len(dims))
	for i, d := range dims {
		parts[i] = strconv.FormatInt(d, 10)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// tensorGroup is tensors that differ in one number of their name only: those of the
// layers.
type tensorGroup struct {
	longcat.InspectedTensor // the first
	before, after           string
	layers                  []int
}

// grouped keeps the order in which tensors are first met.
func grouped(tensors []longcat.InspectedTensor) []*tensorGroup {
	var groups []*tensorGroup
	known := map[string]*tensorGroup{}
	for _, t := range tensors {
		before, layer, after := cutNumber(t.Name)
		key := fmt.Sprint(before, "\x00", after, "\x00", t.DType, t.Shape)
		g := known[key]
		if g == nil {
			g = &tensorGroup{InspectedTensor: t, before: before, after: after}
			known[key] = g
			groups = append(groups, g)
		}
		g.layers = append(g.layers, layer)
	}
	return groups
}

// cutNumber splits a name at its first element that is a number.
func cutNumber(name string) (before string, n int, after string) {
	at := 0
	for part := range strings.SplitSeq(name, ".") {
		if n, err := strconv.Atoi(part); err == nil && n >= 0 {
			return name[:at], n, name[at+len(part):]
		}
		at += len(part) + 1
	}
	return name, 0, ""
}

// name is the tensors' name with the layers that have it: model.layers.0–31.mlp.
func (g *tensorGroup) name() string {
	if len(g.layers) == 1 {
		return g.Name
	}
	slices.Sort(g.layers)
	var runs []string
	for i := 0; i < len(g.layers); {
		j := i
		for j+1 < len(g.layers) && g.layers[j+1] == g.layers[j]+1 {
			j++
		}
		if run := strconv.Itoa(g.layers[i]); j > i {
			runs = append(runs, run+"–"+strconv.Itoa(g.layers[j]))
		} else {
			runs = append(runs, run)
		}
		i = j + 1
	}
	return g.before + strings.Join(runs, ",") + g.after
}
