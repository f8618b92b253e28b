package main

import (
	"strconv"
	"strings"
)

// parseShare reads --task: which of how many, counted from 1; 0, 0 without.
func parseShare(text string, lookup func(string) (string, bool)) (task, tasks int, err error) {
	switch {
	case text == "":
		return 0, 0, nil
	case text == "auto":
		return autoShare(lookup)
	}
	i, n, _ := strings.Cut(text, "/")
	task, err1 := strconv.Atoi(i)
	tasks, err2 := strconv.Atoi(n)
	if err1 != nil || err2 != nil || task < 1 || tasks < task {
		return 0, 0, usagef("--task wants I/N, such as 2/16, or auto; got %q", text)
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
