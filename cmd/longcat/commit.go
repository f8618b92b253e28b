package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/units"
)

// commitFlags are where the flags of every command that commits go.
type commitFlags struct {
	revision, message         *string
	createPR, private, dryRun *bool
}

func addCommitFlags(cmd *cobra.Command, f commitFlags) {
	fl := cmd.Flags()
	fl.StringVar(f.revision, "revision", "", "branch to commit to; made when it is not there (default main)")
	fl.StringVarP(f.message, "message", "m", "", "commit message")
	fl.BoolVar(f.createPR, "create-pr", false, "open a pull request instead of writing to the branch")
	fl.BoolVar(f.private, "private", false, "make the repo private, if it is made")
	fl.BoolVar(f.dryRun, "dry-run", false, "say what would be done, and send nothing")
}

// printUpload tells what a commit did and where it stands.
func (a *app) printUpload(repo hub.Repo, res *hub.UploadResult) error {
	if a.json {
		return a.printJSON(res)
	}
	var ignored []hub.LeftOut
	for _, f := range res.Files {
		if f.Ignored {
			ignored = append(ignored, hub.LeftOut{Path: f.Path, Reason: "the repo's .gitignore names it"})
		}
	}
	a.tellLeftOut(ignored)
	files := counted(len(res.Files)-len(ignored), "file")
	switch {
	case len(ignored) > 0 && len(ignored) == len(res.Files) && res.Unchanged:
		a.say("nothing was sent to %s", repo)
	case res.Unchanged:
		a.say("%s holds all %s already (%s), nothing was sent", repo, files, units.Size(res.Total))
	default:
		a.say("%s, %s: %s already on the hub, %s sent", files, units.Size(res.Total), units.Size(max(res.Total-res.Sent, 0)), units.Size(res.Sent))
	}
	_, err := fmt.Fprintln(a.out, cmp.Or(res.PullRequestURL, res.CommitURL))
	return err
}
