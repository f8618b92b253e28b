package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/units"
)

type downloadFlags struct {
	hub.DownloadOptions
	repoType string
	dryRun   bool
}

func (a *app) downloadCmd() *cobra.Command {
	var f downloadFlags
	cmd := &cobra.Command{
		Use:   "download REPO [FILE…]",
		Short: "Fetch a repo, or files of it, into the shared cache or a folder",
		Long: `Fetch a repo, or files of it, into the cache that the Python tools share, or
with --local-dir into a folder. Large files come over several connections; an
interrupted download goes on where it stopped. Prints where the files are.`,
		Example: commandExample(
			"longcat download rishiraj/CatPPT-base",
			`longcat download gpt2 config.json --local-dir gpt2`,
			`longcat download gpt2 --include "*.safetensors" --revision main`),
		Args: between(1, -1, "a repo and files of it"),
		RunE: func(cmd *cobra.Command, args []string) error {
			l, err := a.locate(args[0], f.repoType)
			if err != nil {
				return err
			}
			if f.Revision, err = sameRevision(f.Revision, l.Revision); err != nil {
				return err
			}
			f.Repo, f.Files = l.Repo, args[1:]
			if l.Path != "" {
				f.Files = append(f.Files, l.Path)
			}
			return a.download(cmd, f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.Revision, "revision", "", "branch, tag or commit (default main)")
	fl.StringVar(&f.repoType, "repo-type", "", "model, dataset or space")
	fl.StringArrayVar(&f.Include, "include", nil, "only files that match this pattern (repeatable)")
	fl.StringArrayVar(&f.Exclude, "exclude", nil, "no files that match this pattern (repeatable)")
	fl.StringVar(&f.LocalDir, "local-dir", "", "download into this folder instead of the cache")
	addRepair(cmd, &f.Repair)
	addWorkers(cmd, &f.Workers, 8, "connections at a time")
	a.addRate(cmd)
	fl.BoolVar(&f.dryRun, "dry-run", false, "list what would be fetched")
	return cmd
}

func (a *app) download(cmd *cobra.Command, f downloadFlags) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	plan, err := c.PlanDownload(cmd.Context(), f.DownloadOptions)
	if err != nil {
		return suggestFile(cmd.Context(), c, f.DownloadOptions, err)
	}
	if f.dryRun {
		return a.printDownloadPlan(plan)
	}
	if len(plan.Files) == 0 {
		return noMatch(cmd.Context(), c, f.DownloadOptions)
	}
	f.Progress = a.progress()
	f.Waiting = func(path string) { a.say("another process is fetching %s, waiting for it", path) }
	snap, err := plan.Fetch(cmd.Context(), f.FetchOptions)
	a.endProgress()
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(downloadDocument{snap.Commit, snap.Dir, snap.Files})
	}
	where := snap.Dir
	if len(f.Files) == 1 {
		where = snap.Files[f.Files[0]]
	}
	if abs, err := filepath.Abs(where); err == nil {
		where = abs
	}
	_, err = fmt.Fprintln(a.out, where)
	return err
}

func bytesToFetch(plan *hub.DownloadPlan) (n int64) {
	for _, f := range plan.Files {
		if f.Local == "" {
			n += f.Size
		}
	}
	return n
}

func (a *app) printDownloadPlan(plan *hub.DownloadPlan) error {
	if a.json {
		if plan.Files == nil {
			plan.Files = []hub.PlannedFile{}
		}
		return a.printJSON(plan)
	}
	w := table(a.out)
	for _, f := range plan.Files {
		state := "fetch"
		if f.Local != "" {
			state = "have"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", state, sizeOrUnknown(f.Size), f.Path)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s, %s to fetch, commit %s\n", counted(len(plan.Files), "file"), units.Size(bytesToFetch(plan)), plan.Commit)
	return err
}
