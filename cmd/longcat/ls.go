package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/units"
)

type lsFlags struct {
	repoType string
	revision string
	pick     hub.Selection
	hashes   bool
}

func (a *app) lsCmd() *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls REPO",
		Short: "List the files of a repo, with sizes and hashes",
		Example: commandExample(
			"longcat ls gpt2",
			`longcat ls gpt2 --include "*.safetensors" --hashes`),
		Args: exactly(1, "a repo"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.ls(cmd.Context(), f, args[0]) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.revision, "revision", "", "branch, tag or commit (default main)")
	fl.StringVar(&f.repoType, "repo-type", "", "model, dataset or space")
	fl.StringArrayVar(&f.pick.Include, "include", nil, "only files that match this pattern (repeatable)")
	fl.StringArrayVar(&f.pick.Exclude, "exclude", nil, "no files that match this pattern (repeatable)")
	fl.BoolVar(&f.hashes, "hashes", false, "the sha256 of large files and the git blob id of small ones, too")
	return cmd
}

// lsDocument is the JSON of ls.
type lsDocument struct {
	Repo   string       `json:"repo"`
	Commit string       `json:"commit"`
	Files  []listedFile `json:"files"`
	Total  int64        `json:"total"` // bytes
}

// listedFile is a file of a repo.
type listedFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	OID    string `json:"oid"`              // git blob id
	SHA256 string `json:"sha256,omitempty"` // of a large file
}

func (a *app) ls(ctx context.Context, f lsFlags, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	l, err := a.locate(name, f.repoType)
	if err != nil {
		return err
	}
	if f.revision, err = sameRevision(f.revision, l.Revision); err != nil {
		return err
	}
	info, err := c.RepoInfo(ctx, l.Repo, f.revision)
	if err != nil {
		return err
	}
	doc := lsDocument{Repo: l.Repo.String(), Commit: info.SHA, Files: []listedFile{}}
	if l.Path != "" {
		f.pick.Include = append(f.pick.Include, l.Path, l.Path+"/*")
	}
	selected := f.pick.Matcher()
	for e, err := range c.Tree(ctx, l.Repo, info.SHA) {
		if err != nil {
			return err
		}
		if !selected(e.Path) {
			continue
		}
		file := listedFile{Path: e.Path, Size: e.Size, OID: e.BlobID, SHA256: e.SHA256}
		doc.Files = append(doc.Files, file)
		doc.Total += file.Size
	}
	if a.json {
		return a.printJSON(doc)
	}
	w := table(a.out)
	for _, file := range doc.Files {
		hash := ""
		if f.hashes {
			if hash = file.OID; file.SHA256 != "" {
				hash = file.SHA256
			}
			hash = "\t" + hash
		}
		fmt.Fprintf(w, "%s\t%s%s\n", units.Size(file.Size), file.Path, hash)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.say("%s, %s, commit %s", counted(len(doc.Files), "file"), units.Size(doc.Total), doc.Commit)
	return nil
}
