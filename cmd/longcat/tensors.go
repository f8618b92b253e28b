package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"longcat/internal/units"
	"longcat/merge"
)

// printTensors is what plan --tensors prints: a line for tensors that are made in
// the same way.
func (a *app) printTensors(plan *merge.Plan) error {
	w := table(a.out)
	fmt.Fprintf(w, "tensors\tcount\tdtype\tread\twritten\tmade of\n")
	var read, written int64
	for _, g := range plan.Groups {
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\n", g.Tensors, g.Count, g.DType, units.Size(g.Read), units.Size(g.Written), madeOf(g))
		read, written = read+g.Read, written+g.Written
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\n%d tensors in %s; %s read, %s written\n", plan.Tensors, counted(len(plan.Groups), "group"), units.Size(read), units.Size(written))
	return err
}

// madeOf is a group's method, with what it is given.
func madeOf(g merge.TensorGroup) string {
	var inputs []string
	for _, in := range g.Inputs {
		inputs = append(inputs, in.Model+parameters(in.Params))
	}
	return g.Method + parameters(g.Params) + ": " + strings.Join(inputs, ", ")
}

// parameters are numbers by name, in parentheses.
func parameters(p map[string]float64) string {
	if len(p) == 0 {
		return ""
	}
	var list []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		list = append(list, name+" "+strconv.FormatFloat(p[name], 'g', 6, 64))
	}
	return " (" + strings.Join(list, ", ") + ")"
}
