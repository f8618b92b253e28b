package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"longcat/hub"
	"longcat/internal/units"
)

// owned is the repo with its owner: one that is named without belongs to whom
// the token does.
func owned(ctx context.Context, c *hub.Client, repo hub.Repo) (hub.Repo, error) {
	if strings.Contains(repo.ID, "/") {
		return repo, nil
	}
	if !c.HasToken() {
		return repo, usagef("%q names no owner: want USER/%s", repo.ID, repo.ID)
	}
	who, err := c.WhoAmI(ctx)
	if err != nil {
		return repo, err
	}
	repo.ID = who.Name + "/" + repo.ID
	return repo, nil
}

// prepareRepo makes the repo and the branch where they are not there.
func prepareRepo(ctx context.Context, c *hub.Client, repo hub.Repo, branch string, private bool) error {
	_, err := c.RepoInfo(ctx, repo, branch)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, hub.ErrRevisionNotFound) && (branch == "" || branch == "main"):
		return nil // empty: the first commit makes it
	case errors.Is(err, hub.ErrRevisionNotFound):
		return c.CreateBranch(ctx, repo, branch, "")
	case !errors.Is(err, hub.ErrNotFound) && !errors.Is(err, hub.ErrUnauthorized):
		return err
	case !c.HasToken():
		return &hintedError{fmt.Errorf("creating %q needs a token", repo), "set HF_TOKEN, or give --token"}
	}
	if _, err := c.CreateRepo(ctx, repo, private); err != nil {
		return err
	}
	if branch == "" || branch == "main" {
		return nil
	}
	return c.CreateBranch(ctx, repo, branch, "")
}

// send uploads with bars: hashing, then, if check agrees, sending; then holds
// what the hub lists against what was meant.
func (a *app) send(ctx context.Context, c *hub.Client, u hub.Upload, check func(*hub.PreparedUpload) error) (*hub.UploadResult, error) {
	var total int64
	for _, f := range u.Files {
		total += f.Content.Size()
	}
	var done func()
	u.Progress, done = a.bars("hash", total)
	prep, err := c.PrepareUpload(ctx, u)
	done()
	if err != nil {
		return nil, err
	}
	if err := check(prep); err != nil {
		return nil, err
	}
	prep.Progress, done = a.bars("upload", 0)
	res, err := c.Send(ctx, prep)
	done()
	if err != nil {
		return nil, err
	}
	if u.CreatePR {
		return res, nil // the branch does not list it yet
	}
	return res, c.CheckTree(ctx, u.Repo, res.Commit, res.Files, u.Delete)
}

func (a *app) printUpload(c *hub.Client, repo hub.Repo, res *hub.UploadResult) error {
	if a.json {
		return a.printJSON(res)
	}
	ignored := []hub.LeftOut{}
	for _, f := range res.Files {
		if f.Ignored {
			ignored = append(ignored, hub.LeftOut{Path: f.Path, Reason: "the repo's .gitignore names it"})
		}
	}
	a.tellLeftOut(ignored)
	switch {
	case len(ignored) > 0 && len(ignored) == len(res.Files) && res.Unchanged:
		a.say("nothing was sent to %s", repo)
	case res.Unchanged:
		a.say("%s holds all %s already (%s), nothing was sent", repo, counted(len(res.Files)-len(ignored), "file"), units.Size(res.Total))
	default:
		a.say("%s, %s: %s already on the hub, %s sent", counted(len(res.Files)-len(ignored), "file"), units.Size(res.Total), units.Size(max(res.Total-res.Sent, 0)), units.Size(res.Sent))
	}
	where := c.PageURL(repo)
	if res.PullRequestURL != "" {
		where = res.PullRequestURL
	} else if res.CommitURL != "" {
		where = res.CommitURL
	}
	_, err := fmt.Fprintln(a.out, where)
	return err
}
