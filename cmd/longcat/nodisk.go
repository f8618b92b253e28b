package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

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

// share reads --task: which of how many, counted from 1; 0, 0 without.
func (f *noDiskFlags) share(lookup func(string) (string, bool)) (task, tasks int, err error) {
	switch {
	case f.task == "":
		return 0, 0, nil
	case f.task == "auto":
		return autoShare(lookup)
	}
	i, n, _ := strings.Cut(f.task, "/")
	task, err1 := strconv.Atoi(i)
	tasks, err2 := strconv.Atoi(n)
	if err1 != nil || err2 != nil || task < 1 || tasks < task {
		return 0, 0, usagef("--task wants I/N, such as 2/16, or auto; got %q", f.task)
	}
	return task, tasks, nil
}

// autoShare is the share that a cluster's scheduler has given this process.
// Sources: Slurm's sbatch(1), array jobs; Kubernetes' Indexed Jobs, whose index
// counts from 0 and whose manifest has to pass JOB_COMPLETIONS on.
func autoShare(lookup func(string) (string, bool)) (task, tasks int, err error) {
	number := func(name string) (int, bool) {
		text, _ := lookup(name)
		n, err := strconv.Atoi(text)
		return n, err == nil
	}
	if id, ok := number("SLURM_ARRAY_TASK_ID"); ok {
		first, _ := number("SLURM_ARRAY_TASK_MIN")
		n, ok := number("SLURM_ARRAY_TASK_COUNT")
		if task := id - first + 1; ok && task >= 1 && task <= n {
			return task, n, nil
		}
		return 0, 0, usagef("--task auto wants an array job whose indexes have no gaps; SLURM_ARRAY_TASK_ID is %d", id)
	}
	if id, ok := number("JOB_COMPLETION_INDEX"); ok {
		if n, ok := number("JOB_COMPLETIONS"); ok && id >= 0 && id < n {
			return id + 1, n, nil
		}
		return 0, 0, usagef("--task auto wants JOB_COMPLETIONS beside JOB_COMPLETION_INDEX, as examples/cluster/kubernetes.yaml sets it")
	}
	return 0, 0, usagef("--task auto finds neither SLURM_ARRAY_TASK_ID nor JOB_COMPLETION_INDEX in the environment")
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
