package dirwriter

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"slices"

	"longcat/internal/durable"
)

// share is the task-th of so many shares of the weights: the largest file goes to
// with the least.
func share(files []File, task, tasks int) []File {
	var weights []File
	for _, f := range files {
		if f.Weights {
			weights = append(weights, f)
		}
	}
	slices.SortStableFunc(weights, func(a, b File) int { return cmp.Compare(b.Size, a.Size) })
	loads := make([]int64, tasks)
	var mine []File
	for _, f := range weights {
		least := 0
		for i, n := range loads {
			if n < loads[least] {
				least = i
			}
		}
		loads[least] += f.Size
		if least == task-1 {
			mine = append(mine, f)
		}
	}
	return mine
}

// writeShare writes the weights that are a task's. Each finished file stays
// recorded, for the task that writes the rest.
func (w *writer) writeShare(ctx context.Context) error {
	if err := w.writeWeights(ctx, w.jobs); err != nil {
		return err
	}
	return durable.SyncDir(w.dir)
}

// Whole reports whether a directory holds all of an output, by names and sizes,
// and nobody is writing there.
func Whole(dir string, out Output) bool {
	if _, err := os.Lstat(filepath.Join(dir, StateDir)); err == nil {
		return false
	}
	for _, f := range out.Files {
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if err != nil || !info.Mode().IsRegular() || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// Missing lists the weights that are not in the directory yet, or not as the
// output has them, where tasks are writing it.
func Missing(dir string, out Output) ([]string, error) {
	s := &state{dir: dir, Finish: map[string]finished{}}
	if err := s.readTasks(); err != nil {
		return nil, err
	}
	var missing []string
	for _, f := range out.Files {
		if !f.Weights {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.Path)))
		if done, ok := s.Finish[f.Path]; !ok || done.Size != f.Size || err != nil || info.Size() != f.Size {
			missing = append(missing, f.Path)
		}
	}
	return missing, nil
}
