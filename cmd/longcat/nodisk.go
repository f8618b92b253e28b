package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/pflag"

	"longcat"
	"longcat/hub"
	"longcat/internal/units"
	"longcat/merge"
)

// noDiskFlags are those of a publish that copies no source to disk.
type noDiskFlags struct {
	noDisk, finish, status, abort bool
	task                          string
}

func (f *noDiskFlags) add(fl *pflag.FlagSet) {
	fl.BoolVar(&f.noDisk, "no-disk", false, "copy no source to disk: make the result out of what streams from the hub")
	fl.StringVar(&f.task, "task", "", "with --no-disk: make only the I-th of N shares, I/N, or auto for that of a Slurm array or a Kubernetes Indexed Job")
	fl.BoolVar(&f.finish, "finish", false, "with --no-disk: make nothing, and publish what tasks have made")
	fl.BoolVar(&f.status, "status", false, "say how far a publish with --no-disk is, and do nothing")
	fl.BoolVar(&f.abort, "abort", false, "remove what a publish with --no-disk has staged")
}

// apply chooses the layout that streaming wants.
func (f *noDiskFlags) apply(r *recipeFlags) {
	if f.finish || f.status || f.abort || f.task != "" {
		f.noDisk = true
	}
	if f.noDisk {
		r.layout = cmp.Or(r.layout, string(merge.Forward))
	}
}

// staging carries out --status and --abort.
func (a *app) staging(ctx context.Context, job *longcat.Job, repo hub.Repo, abort bool) error {
	look := job.Staging
	if abort {
		look = job.Abort
	}
	s, err := look(ctx, repo)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	switch {
	case !s.Exists:
		_, err = fmt.Fprintf(a.out, "%s: nothing of this plan is staged\n", repo)
	case abort:
		_, err = fmt.Fprintf(a.out, "%s: removed the branch %s\n", repo, s.Branch)
	default:
		var have, lack int64
		for _, f := range s.Done {
			have += f.Size
		}
		for _, f := range s.Missing {
			lack += f.Size
		}
		_, err = fmt.Fprintf(a.out, "%s: %s, %s, stand on the branch %s; %s, %s, are missing\n", repo,
			counted(len(s.Done), "file"), units.Size(have), s.Branch, counted(len(s.Missing), "file"), units.Size(lack))
	}
	for _, other := range s.Other {
		a.say("the branch %s of %s holds another publish that did not finish", other, repo)
	}
	return err
}
