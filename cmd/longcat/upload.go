package main

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/hub"
	"longcat/internal/units"
)

type uploadFlags struct {
	commitFlags
	pick     hub.Selection
	repoType string
	remove   []string
	workers  int
}

func (a *app) uploadCmd() *cobra.Command {
	var f uploadFlags
	cmd := &cobra.Command{
		Use:   "upload REPO DIR|FILE [PATH]",
		Short: "Send a folder or a file to a repo, in one commit",
		Long: `Send a folder or a file to a repo, in one commit. The repo is made when it is
not there. What the hub holds already is not sent; after an interruption the
same command sends only what is missing.`,
		Example: commandExample(
			"longcat upload me/my-model ./my-model",
			`longcat upload me/my-model ./README.md README.md --message "better card"`,
			`longcat upload me/my-model ./out --delete "*.bin" --create-pr`),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				if err := noRepoFirst(args[0]); err != nil {
					return err
				}
			}
			return between(2, 3, "a repo, a folder or file, and maybe a path in the repo")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := swapped(args[0], args[1]); err != nil {
				return err
			}
			if err := f.resolve(a, args[0], f.repoType); err != nil {
				return err
			}
			target := ""
			if len(args) == 3 {
				target = strings.Trim(args[2], "/")
				if err := hub.CheckPath(target); err != nil && target != "" {
					return &usageError{err}
				}
			}
			return a.upload(cmd, f, args[1], target)
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.repoType, "repo-type", "", "model, dataset or space")
	fl.StringArrayVar(&f.pick.Include, "include", nil, "only files that match this pattern (repeatable)")
	fl.StringArrayVar(&f.pick.Exclude, "exclude", nil, "no files that match this pattern (repeatable)")
	fl.StringArrayVar(&f.remove, "delete", nil, "remove files of the repo that match this pattern, in the same commit (repeatable)")
	addWorkers(cmd, &f.workers, 8, "connections at a time")
	a.addRate(cmd)
	f.commitFlags.add(cmd)
	return cmd
}

func (a *app) upload(cmd *cobra.Command, f uploadFlags, source, target string) error {
	ctx := cmd.Context()
	c, err := a.client()
	if err != nil {
		return err
	}
	folder, err := localFolder(source, target, f.pick)
	if err != nil {
		return err
	}
	defer folder.Close()
	a.tellLeftOut(folder.LeftOut)
	if len(folder.Files) == 0 {
		return noLocalMatch(source, f.pick)
	}
	if card, err := cardAmong(folder.Files); err != nil {
		return err
	} else if card != nil {
		if err := longcat.CheckCard(ctx, c, card, a.remark); err != nil {
			return err
		}
	}
	if f.Repo, err = longcat.Owned(ctx, c, f.Repo); err != nil {
		return err
	}
	before, err := longcat.MayWrite(ctx, c, f.Target, f.dryRun, a.remark)
	if err != nil {
		return err
	}
	u := hub.Upload{
		Repo: f.Repo, Revision: f.Branch, CreatePR: f.PullRequest, Files: folder.Files, Workers: f.workers, Progress: a.progress(),
		Message: cmp.Or(f.message, "Upload "+path.Base(filepath.ToSlash(source))+" with longcat"),
	}
	if u.Delete, err = matching(ctx, c, f.Repo, before.Commit, f.remove, folder.Files); err != nil {
		return err
	}
	if f.dryRun {
		return a.printUploadPlan(u, wouldBe(f.Target, before))
	}
	if err := c.MakeTarget(ctx, f.Target, before); err != nil {
		return err
	}
	res, err := longcat.Upload(ctx, c, u)
	if err != nil {
		return err
	}
	return a.printUpload(f.Repo, res)
}

// matching lists the files of a commit ("" for none) that patterns mean, but
// for those that an upload replaces.
func matching(ctx context.Context, c *hub.Client, repo hub.Repo, commit string, globs []string, files []hub.UploadFile) ([]string, error) {
	if len(globs) == 0 || commit == "" {
		return nil, nil
	}
	doomed := hub.Selection{Include: globs}.Matcher()
	paths := []string{}
	for e, err := range c.Tree(ctx, repo, commit) {
		if err != nil {
			return nil, err
		}
		kept := slices.ContainsFunc(files, func(u hub.UploadFile) bool { return u.Path == e.Path })
		if doomed(e.Path) && !kept && e.Path != ".gitattributes" {
			paths = append(paths, e.Path)
		}
	}
	return paths, nil
}

// uploadPlanDocument is the JSON of a dry run of upload.
type uploadPlanDocument struct {
	would
	Files  []plannedUpload `json:"files"`
	Delete []string        `json:"delete"`
	Total  int64           `json:"total"` // bytes
}

type plannedUpload struct {
	Path string `json:"path"`
	Size int64  `json:"size"`
}

func (a *app) printUploadPlan(u hub.Upload, target would) error {
	doc := uploadPlanDocument{would: target, Files: []plannedUpload{}, Delete: u.Delete}
	for _, file := range u.Files {
		doc.Files = append(doc.Files, plannedUpload{file.Path, file.Content.Size()})
		doc.Total += file.Content.Size()
	}
	if a.json {
		return a.printJSON(doc)
	}
	w := table(a.out)
	for _, file := range doc.Files {
		fmt.Fprintf(w, "%s\t%s\n", units.Size(file.Size), file.Path)
	}
	for _, path := range doc.Delete {
		fmt.Fprintf(w, "delete\t%s\n", path)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.out, "%s, %s, to %s\n", counted(len(doc.Files), "file"), units.Size(doc.Total), target)
	return err
}
