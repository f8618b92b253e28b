package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/units"
)

// commitFlags are those of every command that commits.
type commitFlags struct {
	hub.Target
	message string
	private bool
	public  bool
	dryRun  bool
}

func (f *commitFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.Branch, "revision", "", "branch to commit to; made when it is not there (default main)")
	fl.StringVarP(&f.message, "message", "m", "", "commit message")
	fl.BoolVar(&f.PullRequest, "create-pr", false, "open a pull request instead of writing to the branch")
	fl.BoolVar(&f.private, "private", false, "the repo is private; refuse one that is public")
	fl.BoolVar(&f.public, "public", false, "the repo is public; refuse one that is private (default for a new one: the namespace's own)")
	fl.BoolVar(&f.dryRun, "dry-run", false, "say what would be done, and send nothing")
}

// resolve makes the target complete.
func (f *commitFlags) resolve(a *app, repo, repoType string) error {
	var err error
	if f.Visibility, err = visibility(f.private, f.public); err != nil {
		return err
	}
	l, err := a.locate(repo, repoType)
	if err != nil {
		return err
	}
	if l.Path != "" {
		return usagef("%q names a file or directory in a repo, and a repo is wanted: %s", repo, l.Repo)
	}
	f.Repo = l.Repo
	f.Branch, err = sameRevision(f.Branch, l.Revision)
	return err
}

// visibility is what two flags say of it.
func visibility(private, public bool) (hub.Visibility, error) {
	switch {
	case private && public:
		return "", usagef("--private and --public exclude each other")
	case private:
		return hub.Private, nil
	case public:
		return hub.Public, nil
	}
	return "", nil
}

// would is what would become of the target: the part of a dry run's JSON that
// is the same for every command, and its text.
type would struct {
	Repo       string         `json:"repo"`
	Create     bool           `json:"create"`
	Visibility hub.Visibility `json:"visibility"` // "": as the namespace has it
	Branch     string         `json:"branch"`
	NewBranch  bool           `json:"new_branch"`
	PR         bool           `json:"pull_request"`
}

func wouldBe(t hub.Target, s *hub.TargetState) would {
	w := would{Repo: t.Repo.String(), Create: !s.Exists, Visibility: s.Visibility, Branch: cmp.Or(t.Branch, "main"), PR: t.PullRequest}
	w.NewBranch = !s.BranchExists
	if w.Create {
		w.Visibility = t.Visibility
	}
	return w
}

func (w would) String() string {
	visibility := cmp.Or(string(w.Visibility), "public or private as its namespace has it")
	text := "it exists, " + visibility
	switch {
	case w.Create:
		text = "it would be created, " + visibility
	case w.PR:
		text += ", and a pull request would be opened"
	case w.NewBranch:
		text += ", and the branch " + w.Branch + " would be created"
	}
	return w.Repo + ": " + text
}

// printUpload reports what a commit did, and prints its URL.
func (a *app) printUpload(repo hub.Repo, res *hub.UploadResult) error {
	a.endProgress()
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
