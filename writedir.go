package longcat

import (
	"context"
	"errors"
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
