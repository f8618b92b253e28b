package longcat

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"longcat/internal/durable"
	"longcat/merge/dirwriter"
	"longcat/modelcard"
)

// DirOptions steer Job.WriteDir. The zero value works.
type DirOptions struct {
	License *modelcard.License // overrides what the parents' cards say; may be nil
	NoCard  bool               // write no README.md
	Replace bool               // write over what the directory holds, removing weights that are not the result's
	DryRun  bool               // check everything, and write nothing
	Workers int                // files written at a time; 2 when 0

	// Task of Tasks, from 1, writes only its share of the weights, for several
	// machines that share the directory. The one that finds all there writes the
	// rest; so does a call without tasks.
	Task, Tasks int
}

// ShareError means that a task has written its share, and that those of others
// are still missing.
type ShareError struct {
	Dir     string
	Missing []string // weights
}

func (e *ShareError) Error() string {
	return fmt.Sprintf("this share is written; %d of the files of %q are still missing", len(e.Missing), e.Dir)
}

// WriteDir writes the merged model into a directory, with its card and its lock.
// What the merge reads from a hub is fetched into the cache first. After an
// interruption the same call goes on where it stopped.
//
// A directory that holds something else is a *dirwriter.DirError, unless it is to
// be replaced.
func (j *Job) WriteDir(ctx context.Context, dir string, o DirOptions) error {
	if err := j.models.refuseAsTarget(dir); err != nil {
		return err
	}
	if !o.Replace {
		if err := dirwriter.Check(dir, j.plan.Output(j.models.open)); err != nil {
			return err
		}
	}
	var card Card
	if !o.NoCard {
		existing, err := DirCard(dir)
		if err != nil {
			return err
		}
		if card, err = j.Card(ctx, CardOptions{Title: dirTitle(dir), License: o.License, Existing: existing}); err != nil {
			return err
		}
	}
	if o.DryRun {
		return nil
	}
	if err := mayWriteInto(dir); err != nil {
		return err
	}
	j.warn()
	if err := j.fetchMissing(ctx); err != nil {
		return err
	}
	if o.Tasks > 0 {
		if dirwriter.Whole(dir, j.plan.Output(j.models.open)) {
			return nil // another task was faster
		}
		if err := j.writeShare(ctx, dir, o); err != nil {
			return err
		}
	}
	err := dirwriter.Write(ctx, dir, j.plan.Output(j.models.open), dirwriter.Options{
		Workers: o.Workers, Replace: o.Replace, Progress: j.opts.Progress,
	})
	if err != nil {
		return err
	}
	lock, err := j.Lock(ctx)
	if err != nil {
		return err
	}
	if err := durable.WriteFile(filepath.Join(dir, LockFile), lock.Encode()); err != nil {
		return err
	}
	if o.NoCard {
		return nil
	}
	return card.WriteDir(dir)
}

// writeShare writes a task's weights. It is a *ShareError if others are missing.
func (j *Job) writeShare(ctx context.Context, dir string, o DirOptions) error {
	out := j.plan.Output(j.models.open)
	err := dirwriter.Write(ctx, dir, out, dirwriter.Options{
		Workers: o.Workers, Progress: j.opts.Progress, Task: o.Task, Tasks: o.Tasks,
	})
	if err != nil {
		return err
	}
	missing, err := dirwriter.Missing(dir, out)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		return &ShareError{dir, missing}
	}
	return nil
}

// mayWriteInto makes a directory and finds out before the long work whether
// files can be made in it.
func mayWriteInto(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	probe, err := os.CreateTemp(dir, ".longcat-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
