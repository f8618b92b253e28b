package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"longcat/hub/mirror"
	"longcat/internal/units"
)

// mirrorFlags are the flags of mirror.
type mirrorFlags struct {
	mirror.Options
	list, repoType, task, split, since string
	pulls, offline                     bool
}

func (a *app) mirrorCmd() *cobra.Command {
	var f mirrorFlags
	cmd := &cobra.Command{
		Use:   "mirror SRC… DST",
		Short: "Copy repos whole, into a folder, a bundle or another hub",
		Long: `Copy repos with all their branches and tags. SRC is a repo, "org/*" for all
models of a user or an organisation ("datasets/org/*" for datasets), a folder of
serve's, or a bundle. DST is a folder, which serve serves, also meanwhile; the
URL of a hub; or a bundle, FILE.tar, for where no network leads. Folders and
bundles keep commit ids, refs and dates. What is there is not fetched again; a
second run costs listings alone. See docs/mirror.md.`,
		Example: commandExample(
			"longcat mirror rishiraj/CatPPT-base /srv/hub",
			`longcat mirror "acme/*" "datasets/acme/*" /srv/hub --prune`,
			"longcat mirror --list repos.yaml models.tar --split 64GB",
			"longcat mirror /srv/hub https://ml.example.org/hub"),
		Args: func(cmd *cobra.Command, args []string) error {
			if f.list != "" {
				return between(1, -1, "a place to mirror into")(cmd, args)
			}
			return between(2, -1, "repos, and a place to mirror them into")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.mirror(cmd.Context(), args[:len(args)-1], args[len(args)-1], f)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.list, "list", "", "YAML file of repos: names, or repo, as, revisions, include and exclude of each")
	fl.StringVar(&f.repoType, "repo-type", "", "model, dataset or space")
	fl.StringArrayVar(&f.Revisions, "revision", nil, "only this branch or tag (repeatable; all of them without)")
	fl.StringArrayVar(&f.Include, "include", nil, "only the content of files that match this pattern (repeatable)")
	fl.StringArrayVar(&f.Exclude, "exclude", nil, "not the content of files that match this pattern (repeatable)")
	fl.BoolVar(&f.pulls, "prs", false, "pull requests, too")
	fl.BoolVar(&f.offline, "offline", false, "from the shared cache: only what is there")
	fl.BoolVar(&f.Prune, "prune", false, "remove branches, tags and public repos that are gone at the source")
	fl.BoolVar(&f.DryRun, "dry-run", false, "say what would be done, with exact bytes")
	a.addRate(cmd)
	fl.StringVar(&f.task, "task", "", "only the I-th of N shares of the repos, I/N, or auto for that of a Slurm array or a Kubernetes Indexed Job")
	fl.StringVar(&f.split, "split", "", "a bundle in parts of this size, such as 64GB")
	fl.StringVar(&f.since, "since", "", "a bundle without what this index or bundle has: what the other side holds already")
	return cmd
}

func (a *app) mirror(ctx context.Context, sources []string, to string, f mirrorFlags) error {
	task, tasks, err := parseShare(f.task, a.lookup)
	if err != nil {
		return err
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	jobs, closeAll, err := a.mirrorJobs(ctx, c, sources, f)
	defer closeAll()
	if err != nil {
		return err
	}
	dst, err := a.mirrorTarget(c, to, f)
	if err != nil {
		return err
	}
	defer dst.close()
	f.Progress = a.progress()
	doc := mirrorDocument{Repos: []mirror.Outcome{}, Dry: f.DryRun}
	var failed []error
	for _, job := range jobs {
		into := dst.from(job)
		err := mirror.Run(ctx, job.source, into, share(job.wanted, task, tasks), f.Options, func(out mirror.Outcome) {
			doc.Repos = append(doc.Repos, out)
			a.sayMirrored(out)
		})
		failed = append(failed, err)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if !f.DryRun {
		if err := dst.finish(ctx, f.Options); err != nil {
			return err
		}
	}
	a.endProgress()
	return a.printMirrored(doc, errors.Join(failed...))
}

// sayMirrored prints what was done with one repo.
func (a *app) sayMirrored(out mirror.Outcome) {
	switch {
	case out.Err != nil:
		a.tell(a.painted(red, "longcat: warning:") + " " + out.Repo + ": " + plain(out.Err)) // also when quiet: it is why the command fails
	case out.MovedFrom != "":
		a.say("%s: was %s", out.Repo, out.MovedFrom)
	}
}

// printMirrored prints what was done, a line each, and fails if one failed.
func (a *app) printMirrored(doc mirrorDocument, err error) error {
	var fetched int64
	failures := 0
	for _, out := range doc.Repos {
		fetched += out.Fetched
		if out.Err != nil {
			failures++
		}
	}
	if a.json {
		if perr := a.printJSON(doc); perr != nil {
			return perr
		}
	} else {
		for _, out := range doc.Repos {
			if out.Err == nil {
				fmt.Fprintln(a.out, mirrorLine(out, doc.Dry))
			}
		}
		verb := "fetched"
		if doc.Dry {
			verb = "to fetch"
		}
		fmt.Fprintf(a.out, "%s, %s %s\n", counted(len(doc.Repos)-failures, "repo"), units.Size(fetched), verb)
	}
	if failures > 0 {
		return fmt.Errorf("%s of %d could not be mirrored", counted(failures, "repo"), len(doc.Repos))
	}
	return err
}

// mirrorLine is one repo's line.
func mirrorLine(out mirror.Outcome, dry bool) string {
	var parts []string
	switch {
	case out.Pruned:
		return out.Repo + ": gone at the source, removed"
	case out.Files > 0 && dry:
		parts = append(parts, fmt.Sprintf("%s to fetch in %s", units.Size(out.Fetched), counted(out.Files, "file")))
	case out.Files > 0:
		parts = append(parts, fmt.Sprintf("%s in %s", units.Size(out.Bytes), counted(out.Files, "file")))
	}
	if n := len(out.Changed); n > 0 {
		parts = append(parts, fmt.Sprintf("%s moved", counted(n, "ref")))
	}
	if n := len(out.Removed); n > 0 {
		parts = append(parts, fmt.Sprintf("%s removed: %s", counted(n, "ref"), strings.Join(out.Removed, ", ")))
	}
	if out.LeftOut > 0 {
		parts = append(parts, counted(out.LeftOut, "file")+" left out, whose content the source has not")
	}
	if len(parts) == 0 {
		parts = []string{"nothing new"}
	}
	return out.Repo + ": " + strings.Join(parts, ", ")
}
